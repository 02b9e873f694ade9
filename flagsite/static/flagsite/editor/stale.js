// Somebody else was faster: what was typed here goes to the review all the same, compared with what is there now.

import { button, h } from "./dom.js";

/** @param {HTMLFormElement} form @param {Record<string, number>} versions by the field's id, what is there now */
export function staleBox(form, versions) {
    const present = location.pathname + location.search;
    return h(
        "section",
        { class: "ed-stale", role: "region", "aria-label": "Changed by somebody else" },
        h("h2", { class: "ed-strong" }, "Somebody has changed this flag while you were editing"),
        h(
            "p",
            {},
            "All that you typed is still here. The review compares it with the flag as it is now, so it also shows what you would take back.",
        ),
        h(
            "div",
            { class: "ed-row" },
            button("Review mine against the present flag", {
                press: () => {
                    for (const [id, version] of Object.entries(versions)) document.getElementById(id).value = version;
                    form.requestSubmit();
                },
            }),
            h("a", { class: "ed-link", href: present, target: "_blank" }, "Open the present flag in a new tab"),
        ),
    );
}
