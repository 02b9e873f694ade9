// What was typed, from the moment it is sent until the server has answered: a session that ended in between loses
// nothing. It stays in this tab, for the person who typed it, and is offered when the page comes again without it.

import { button, h } from "./dom.js";

const KEPT = "flagsite draft";
const WANTED = "flagsite draft wanted";
const NO_DRAFT = new Set(["csrfmiddlewaretoken"]);

forgetAnswered();

export class Drafts {
    #form;
    #person;

    constructor(root) {
        this.#form = root.closest("form");
        this.#person = root.dataset.person;
        const kept = read();
        if (kept && kept.person !== this.#person) forget(); // whoever sits here now has not typed it
    }

    /** Keep what the form holds, as it is about to be sent. */
    keep() {
        const fields = fieldsOf(this.#form).map((field) => [field.name, valueOf(field)]);
        const draft = { address: addressOf(location), person: this.#person, at: Date.now(), fields };
        try {
            sessionStorage.setItem(KEPT, JSON.stringify(draft));
        } catch {
            forget(); // too much for the browser; an older one must not be taken for this
        }
    }

    /** Fill the form, before the editor reads it, when somebody has asked for that; tell whether it was so. */
    broughtBack() {
        const kept = this.#ofThisPage();
        const wanted = sessionStorage.getItem(WANTED) !== null;
        sessionStorage.removeItem(WANTED);
        if (!kept || !wanted) return false;
        const values = new Map(kept.fields);
        for (const field of fieldsOf(this.#form)) {
            if (!values.has(field.name)) continue;
            if (field.type === "checkbox") field.checked = values.get(field.name);
            else field.value = values.get(field.name);
        }
        return true;
    }

    /** A box that offers what was typed; nothing, where the page shows all of it. */
    offer() {
        const kept = this.#ofThisPage();
        const shown = new Map(fieldsOf(this.#form).map((field) => [field.name, valueOf(field)]));
        if (!kept?.fields.some(([name, value]) => shown.has(name) && shown.get(name) !== value)) return null;
        const at = new Date(kept.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
        const box = h(
            "section",
            { class: "ed-stale", role: "region", "aria-label": "What you typed before" },
            h("h2", { class: "ed-strong" }, "What you typed here was not taken"),
            h("p", {}, `You sent it at ${at}, and were signed out, or no answer came. It is still in this tab.`),
            h(
                "div",
                { class: "ed-row" },
                button("Bring it back", { press: bringBack }),
                button("Forget it", {
                    kind: "ed-quiet",
                    press: () => {
                        forget();
                        box.remove();
                    },
                }),
            ),
        );
        return box;
    }

    #ofThisPage() {
        const kept = read();
        return kept?.address === addressOf(location) ? kept : null;
    }
}

/** The page is made anew, so that the editor reads the filled form as it reads one that the server has refused. */
function bringBack() {
    sessionStorage.setItem(WANTED, "");
    location.reload();
}

/** The server has answered what was sent: it led on from there to this page, be that a review or the same page. */
function forgetAnswered() {
    const [visit] = performance.getEntriesByType("navigation");
    const from = document.referrer && new URL(document.referrer);
    if (visit?.redirectCount && visit.type === "navigate" && from && read()?.address === addressOf(from)) forget();
}

/** A page, whatever list it was reached from; one that edits a change request is another than the flag's own. */
function addressOf({ pathname, search }) {
    return `${pathname} ${new URLSearchParams(search).get("revising") ?? ""}`;
}

function fieldsOf(form) {
    const isTyped = ({ name, type }) => name && !NO_DRAFT.has(name) && !["file", "submit", "button"].includes(type);
    return [...form.elements].filter(isTyped);
}

function valueOf(field) {
    return field.type === "checkbox" ? field.checked : field.value;
}

function read() {
    try {
        return JSON.parse(sessionStorage.getItem(KEPT));
    } catch {
        return null;
    }
}

function forget() {
    sessionStorage.removeItem(KEPT);
}
