// A list of values as chips: typed, pasted many at once, removed with a button or with Backspace.

import { button, h, plural, uid } from "./dom.js";
import { kindOf } from "./vocabulary.js";

const SHOWN = 60; // more chips than these are only counted; the text below shows them all

/** Values in a text: by line, comma, semicolon or tab; what stands in double quotes is one value. */
export function values(text) {
    const found = text.matchAll(/"((?:[^"\\]|\\.)*)"|([^\n\r,;\t]+)/g);
    return [...found].map(([, quoted, plain]) => quoted ?? plain.trim()).filter((value) => value !== "");
}

/**
 * @param {string} words what the list is called
 * @param {{items: any[], read: (text: string) => any, changed: (items: any[]) => void, announce: (text: string) => void}} options
 *   `read` makes a value of a text, undefined when it cannot
 */
export function chips(words, { items, read = (text) => text, changed, announce, placeholder = "Add…", list = null }) {
    const present = [...items];
    const fault = h("span", { class: "ed-problem", role: "alert", id: uid("fault") });
    const shelf = h("ul", { class: "ed-chips", "aria-label": words });
    const entry = h("input", {
        type: "text",
        class: "ed-chip-entry",
        "aria-label": `Add to ${words}`,
        placeholder,
        list,
        autocomplete: "off",
        "aria-describedby": fault.id,
    });
    const box = h(
        "div",
        { class: "ed-chipbox", on: { click: ({ target }) => target === box && entry.focus() } },
        shelf,
        entry,
    );
    const whole = h("div", { class: "ed-chiplist" }, box, fault);

    function draw() {
        shelf.replaceChildren(
            ...present
                .slice(0, SHOWN)
                .map((value, index) =>
                    h(
                        "li",
                        { class: `ed-chip ed-chip-${kindOf(value)}` },
                        h("span", {}, String(value)),
                        button(`Remove ${value}`, { symbol: "close", bare: true, press: () => remove(index) }),
                    ),
                ),
        );
        if (present.length > SHOWN)
            shelf.append(
                h("li", { class: "ed-chip ed-chip-more" }, `and ${(present.length - SHOWN).toLocaleString("en")} more`),
            );
        shelf.hidden = present.length === 0;
        entry.placeholder = present.length ? "Add another…" : placeholder;
    }

    function remove(index) {
        const [gone] = present.splice(index, 1);
        draw();
        changed([...present]);
        announce(`${gone} removed, ${plural(present.length, "value")} left.`);
        (shelf.querySelectorAll("button")[Math.min(index, present.length - 1)] ?? entry).focus();
    }

    function add(text) {
        const before = present.length;
        const refused = [];
        for (const part of values(text)) {
            const value = read(part);
            if (value === undefined) refused.push(part);
            else if (!present.includes(value)) present.push(value);
        }
        entry.value = refused.join(", ");
        fault.textContent = refused.length ? `Does not fit here: ${refused.slice(0, 3).join(", ")}` : "";
        if (present.length === before) return;
        draw();
        changed([...present]);
        announce(`${plural(present.length - before, "value")} added, ${present.length.toLocaleString("en")} in all.`);
    }

    entry.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || (event.key === "," && !entry.value.trimStart().startsWith('"'))) {
            event.preventDefault();
            if (entry.value.trim()) add(entry.value);
        } else if (event.key === "Backspace" && !entry.value && present.length) {
            remove(present.length - 1);
            entry.focus();
        }
    });
    entry.addEventListener("paste", (event) => {
        const text = event.clipboardData.getData("text");
        if (values(text).length < 2) return;
        event.preventDefault();
        add(text);
    });
    entry.addEventListener("change", () => entry.value.trim() && add(entry.value));
    draw();
    return { element: whole, control: entry };
}
