// Elements, buttons and the live region: all that the editor's other modules know of the page.

let last = 0;
const live = new WeakMap();

export const uid = (stem) => `ed-${stem}-${++last}`;

/** An element. `on` holds listeners; `value`, `checked` and the like are set as properties; null leaves one out. */
export function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (name === "on") for (const [event, listen] of Object.entries(value)) element.addEventListener(event, listen);
        else if (["checked", "disabled", "hidden", "selected", "open"].includes(name)) element[name] = value;
        else if (name !== "value") element.setAttribute(name, value === true ? "" : value);
    }
    element.append(
        ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
    );
    if ("value" in attributes) element.value = attributes.value ?? "";
    return element;
}

export const icon = (name) => h("span", { class: "material-symbols-outlined ed-icon", "aria-hidden": "true" }, name);

/** A button with words; with `symbol` alone, the words are only its name and its tip. */
export function button(words, { symbol = null, bare = false, kind = "", press, ...attributes } = {}) {
    const named = bare ? { "aria-label": words, title: words } : {};
    const style = `ed-button ${bare ? "ed-button-bare" : ""} ${kind}`;
    const parts = [symbol && icon(symbol), bare ? null : words];
    return h("button", { type: "button", class: style, ...named, ...attributes, on: { click: press } }, parts);
}

/** A control below its label; `shown` is what holds the control, when that is more than the control. */
export function labelled(words, control, { note = null, style = "", shown = control } = {}) {
    control.id ||= uid("control");
    const told = note && h("span", { class: "ed-note", id: uid("note") }, note);
    if (told) control.setAttribute("aria-describedby", told.id);
    return h(
        "div",
        { class: `ed-field ${style}` },
        h("label", { class: "ed-label", for: control.id }, words),
        shown,
        told,
    );
}

export function select(words, options, value, choose, attributes = {}) {
    const known = options.some(([own]) => own === value);
    const shown = known ? options : [[value ?? "", value ? `${value} (unknown)` : "Choose…"], ...options];
    const entries = shown.map(([own, text]) => h("option", { value: own, selected: own === value }, text));
    const change = (event) => choose(event.target.value);
    return h("select", { class: "ed-input", "aria-label": words, ...attributes, on: { change } }, entries);
}

export function liveRegion(root) {
    const region = h("div", { class: "ed-unseen", role: "status", "aria-live": "polite" });
    root.append(region);
    live.set(root, region);
    return (text) => {
        region.textContent = "";
        setTimeout(() => {
            region.textContent = text;
        }, 50); // said again even when it is the same text
    };
}

export const CONTROLS = "input:not([hidden]), select, textarea, button";

/** Focus the first control in the element; where something was added, the first that waits to be filled. */
export function focusIn(element, { filling = false } = {}) {
    ((filling && element?.querySelector("input:not([type=checkbox])")) || element?.querySelector(CONTROLS))?.focus();
}

export const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
