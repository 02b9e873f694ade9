// Tabs, as the ARIA practices have them: arrows move, the chosen one is in the address.

import { h, uid } from "./dom.js";

/** @param {{key: string, words: string, build: () => Element, apart?: boolean}[]} entries `apart`: not an environment */
export function tabs(words, entries) {
    const list = h("div", { class: "ed-tabs", role: "tablist", "aria-label": words });
    const panels = h("div", { class: "ed-panels" });
    const known = new Map();

    for (const entry of entries) {
        const panel = h("section", {
            class: "ed-panel",
            role: "tabpanel",
            id: uid("panel"),
            tabindex: "-1",
            hidden: true,
        });
        const note = h("span", { class: "ed-tab-note" });
        const errors = h("span", { class: "ed-tab-errors", hidden: true });
        const mark = h("span", { class: "ed-tab-changed", hidden: true }, h("span", { class: "ed-unseen" }, "changed"));
        const tab = h(
            "button",
            {
                type: "button",
                role: "tab",
                class: `ed-tab ${entry.apart ? "ed-tab-apart" : ""}`,
                id: uid("tab"),
                "aria-controls": panel.id,
                on: { click: () => choose(entry.key), keydown: (event) => walk(event, entry.key) },
            },
            h("span", {}, entry.words),
            note,
            mark,
            errors,
        );
        panel.setAttribute("aria-labelledby", tab.id);
        list.append(tab);
        panels.append(panel);
        known.set(entry.key, { ...entry, tab, panel, note, errors, mark, built: false });
    }

    let shown = entries[0]?.key;

    function choose(key, { focus = false, keep = true } = {}) {
        shown = key;
        for (const [own, entry] of known) {
            const chosen = own === key;
            entry.tab.setAttribute("aria-selected", String(chosen));
            entry.tab.tabIndex = chosen ? 0 : -1;
            entry.panel.hidden = !chosen;
            if (chosen) build(entry);
        }
        const { tab } = known.get(key);
        tab.scrollIntoView({ block: "nearest", inline: "nearest" });
        if (focus) tab.focus();
        if (keep) history.replaceState(null, "", `#${key}`);
    }

    function build(entry) {
        if (entry.built) return;
        entry.built = true;
        entry.panel.append(entry.build());
    }

    function walk(event, key) {
        const keys = [...known.keys()];
        const at = keys.indexOf(key);
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: keys.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        choose(keys[(to + keys.length) % keys.length], { focus: true });
    }

    return {
        list,
        panels,
        choose,
        has: (key) => known.has(key),
        get chosen() {
            return shown;
        },
        build: (key) => build(known.get(key)),
        /** Say beside a tab's words what is in it: a few words with a style, whether it is changed, how much is refused. */
        mark(key, { note, style, changed, errors }) {
            const entry = known.get(key);
            if (note !== undefined) {
                entry.note.textContent = note;
                entry.note.className = `ed-tab-note ${style ?? ""}`;
            }
            if (changed !== undefined) entry.mark.hidden = !changed;
            if (errors !== undefined) {
                entry.errors.hidden = errors === 0;
                entry.errors.replaceChildren(
                    String(errors),
                    h("span", { class: "ed-unseen" }, errors === 1 ? " problem" : " problems"),
                );
            }
        },
    };
}
