// What is not saved yet: said beside the buttons, and asked about when the page is left.

import { h } from "./dom.js";

export function unsavedNote(form, changedParts) {
    const note = h("p", { class: "ed-unsaved", role: "status", hidden: true });
    let sent = false;

    form.addEventListener("submit", () => {
        sent = true;
    });
    window.addEventListener("beforeunload", (event) => {
        if (!sent && changedParts().length) event.preventDefault();
    });

    return {
        element: note,
        stay() {
            sent = false;
        },
        refresh() {
            const parts = changedParts();
            const text = parts.length ? `Unsaved changes: ${parts.join(", ")}` : "";
            note.hidden = !text;
            if (note.textContent !== text) note.textContent = text;
        },
    };
}
