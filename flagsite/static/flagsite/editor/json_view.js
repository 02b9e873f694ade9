// An environment's state as JSON: the same document as the cards show, changed here or there.

import { h, icon, uid } from "./dom.js";
import { readJson, writeJson } from "./json.js";

/**
 * @param {{names: string[], read: () => object, write: (state: object) => void}} options `write` takes what was typed,
 *   once it is a document with exactly the named parts
 */
export function jsonView(words, { names, read, write }) {
    const fault = h("p", { class: "ed-problem", role: "alert", id: uid("fault") });
    const area = h("textarea", {
        class: "ed-input ed-mono ed-json",
        rows: "24",
        spellcheck: "false",
        "aria-label": words,
        "aria-describedby": fault.id,
        on: {
            input: typed,
            blur: () => {
                if (!fault.textContent) refresh();
            },
        },
    });
    const details = h(
        "details",
        { class: "ed-json-view", on: { toggle: refresh } },
        h("summary", { class: "ed-summary" }, icon("data_object"), "JSON view"),
        h("p", { class: "ed-note" }, "The same state as above. What is changed here appears in the cards at once."),
        area,
        fault,
    );

    function refresh() {
        if (!details.open || document.activeElement === area || fault.textContent) return;
        area.value = writeJson(read());
    }

    function typed() {
        fault.textContent = faultOf(area.value);
        area.setAttribute("aria-invalid", String(Boolean(fault.textContent)));
        if (!fault.textContent) write(readJson(area.value));
    }

    function faultOf(text) {
        let found;
        try {
            found = readJson(text);
        } catch (error) {
            return `This is not valid JSON: ${error.message}`;
        }
        if (found === null || typeof found !== "object" || Array.isArray(found)) return "The state is an object.";
        const missing = names.filter((name) => !(name in found));
        const unknown = Object.keys(found).filter((name) => !names.includes(name));
        const lists = ["rules", "targets", "prerequisites"].filter(
            (name) => name in found && !Array.isArray(found[name]),
        );
        if (missing.length) return `Missing: ${missing.join(", ")}.`;
        if (unknown.length) return `Not known: ${unknown.join(", ")}.`;
        return lists.length ? `Must be a list: ${lists.join(", ")}.` : "";
    }

    return {
        element: details,
        refresh,
        get broken() {
            return Boolean(fault.textContent);
        },
        focus: () => {
            details.open = true;
            area.focus();
        },
    };
}
