// The variations that all environments share: key, name and value by the flag's type; the colour comes with the place.

import { button, h, plural, select, uid } from "./dom.js";
import { readJson, readNumber, writeJson } from "./json.js";
import { colourAt } from "./swatches.js";

const BLANK = { boolean: true, string: "", number: 0, json: {} };

/**
 * @param {{type: () => string, list: () => object[], uses?: (key: string) => string[]}} flag
 * @param {{changed: () => void, renamed: (from: string, to: string) => void, problems: object, announce: Function}} page
 */
export function variationEditor(flag, page) {
    const rows = h("ol", { class: "ed-variations", "aria-label": "Variations" });
    const place = h(
        "div",
        {},
        page.problems.at(page.owner, "variations"),
        rows,
        h("div", { class: "ed-adds" }, button("Add variation", { symbol: "add", press: add })),
    );

    function draw(focus = null) {
        rows.replaceChildren(...flag.list().map(row));
        if (focus !== null) rows.children[focus]?.querySelector("input")?.focus();
    }

    function add() {
        const taken = new Set(flag.list().map((variation) => variation.key));
        let number = flag.list().length + 1;
        while (taken.has(`variation-${number}`)) number += 1;
        flag.list().push({ key: `variation-${number}`, value: structuredClone(BLANK[flag.type()] ?? "") });
        page.changed();
        draw(flag.list().length - 1);
        page.announce("Variation added.");
    }

    function remove(index) {
        const [gone] = flag.list().splice(index, 1);
        page.changed();
        draw();
        const uses = flag.uses?.(gone.key) ?? [];
        page.announce(
            uses.length
                ? `${gone.key} removed; it is still served in ${uses.join(", ")}.`
                : `${gone.key} removed, ${plural(flag.list().length, "variation")} left.`,
        );
        (
            rows.children[Math.min(index, flag.list().length - 1)]?.querySelector("input") ??
            place.querySelector(".ed-adds button")
        ).focus();
    }

    function row(variation, index) {
        const uses = flag.uses?.(variation.key) ?? [];
        const text = (words, field, attributes = {}) =>
            h(
                "label",
                { class: "ed-field" },
                h("span", { class: "ed-label" }, words),
                h("input", {
                    type: "text",
                    class: "ed-input",
                    value: variation[field] ?? "",
                    autocomplete: "off",
                    ...attributes,
                }),
            );
        const key = text("Key", "key", {
            maxlength: "128",
            spellcheck: "false",
            class: "ed-input ed-mono",
            on: {
                change: ({ target }) => {
                    const before = variation.key;
                    variation.key = target.value.trim();
                    page.renamed(before, variation.key);
                    page.changed();
                },
            },
        });
        const name = text("Name", "name", {
            maxlength: "200",
            placeholder: "For people only",
            on: {
                input: ({ target }) => {
                    if (target.value) variation.name = target.value;
                    else delete variation.name;
                    page.changed();
                },
            },
        });
        const fault = h("span", { class: "ed-problem", role: "alert" });
        const value = h(
            "label",
            { class: "ed-field ed-grow" },
            h("span", { class: "ed-label" }, "Value"),
            valueInput(variation, fault),
            fault,
        );
        const problem = ["value", "name", "key", ""].map((field) =>
            page.problems.at(
                variation,
                field,
                { value, name, key }[field]?.querySelector("input, textarea, select") ?? null,
            ),
        );
        return h(
            "li",
            {},
            h(
                "div",
                { class: "ed-card ed-variation", role: "group", "aria-label": `Variation ${index + 1}` },
                h("span", {
                    class: "ed-swatch ed-swatch-large",
                    "data-colour": colourAt(index),
                    "aria-hidden": "true",
                }),
                key,
                name,
                value,
                button("Remove variation", {
                    symbol: "delete",
                    bare: true,
                    kind: "ed-danger",
                    press: () => remove(index),
                }),
                h(
                    "p",
                    { class: "ed-note ed-wide" },
                    uses.length ? `Served in ${uses.join(", ")}.` : flag.uses ? "Served nowhere." : "",
                ),
                problem,
            ),
        );
    }

    function valueInput(variation, fault) {
        const set = (value) => {
            variation.value = value;
            page.changed();
        };
        switch (flag.type()) {
            case "boolean":
                return select(
                    "Value",
                    [
                        ["true", "true"],
                        ["false", "false"],
                    ],
                    String(variation.value),
                    (text) => set(text === "true"),
                );
            case "number":
                return h("input", {
                    type: "number",
                    step: "any",
                    class: "ed-input",
                    value: variation.value ?? "",
                    on: {
                        input: ({ target }) => set(readNumber(target.value)),
                    },
                });
            case "json":
                return h("textarea", {
                    class: "ed-input ed-mono",
                    rows: "4",
                    spellcheck: "false",
                    value: writeJson(variation.value),
                    on: {
                        input: ({ target }) => json(target, fault, set),
                    },
                });
            default:
                return h("textarea", {
                    class: "ed-input ed-growing",
                    rows: "1",
                    value: String(variation.value ?? ""),
                    on: { input: ({ target }) => set(target.value) },
                });
        }
    }

    function json(area, fault, set) {
        try {
            set(readJson(area.value));
            fault.textContent = "";
            area.setCustomValidity("");
        } catch (error) {
            fault.textContent = `This is not valid JSON: ${error.message}`;
            area.setCustomValidity(fault.textContent);
        }
    }

    draw();
    place.redraw = draw;
    place.id = uid("variations");
    return place;
}
