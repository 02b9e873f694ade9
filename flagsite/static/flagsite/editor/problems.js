// What the server refused, kept at the object that it is about: moving a card moves its problems along.

import { h, uid } from "./dom.js";

const OPAQUE = new Set(["value", "ids"]); // what lies below is one control

export function steps(path) {
    return [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) =>
        index === undefined ? name : Number(index),
    );
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** The deepest object of the document that a path leads to, and the field of it that is meant ("" for all of it). */
export function placeOf(document, path) {
    let at = document;
    let place = { owner: document, field: "" };
    for (const step of steps(path)) {
        if (at === null || typeof at !== "object") return place;
        if (isObject(at)) place = { owner: at, field: String(step) };
        at = at[step];
        if (OPAQUE.has(step)) return place;
    }
    return isObject(at) ? { owner: at, field: "" } : place;
}

export class Problems {
    #kept = [];

    add(document, path, message, where) {
        this.#kept.push({ ...placeOf(document, path), path, message, where, element: null });
    }

    /** The messages about a field, to be put beside its control; with `control`, it is marked and described by them. */
    at(owner, field, control = null) {
        const found = this.#kept.filter((problem) => problem.owner === owner && problem.field === field);
        if (!found.length) return null;
        const id = uid("problem");
        const shown = h(
            "p",
            { class: "ed-problem", id },
            found.map((problem) => h("span", {}, problem.message)),
        );
        for (const problem of found) problem.element = control ?? shown;
        if (control) {
            control.setAttribute("aria-invalid", "true");
            control.setAttribute(
                "aria-describedby",
                [control.getAttribute("aria-describedby"), id].filter(Boolean).join(" "),
            );
        }
        return shown;
    }

    /** Whether something inside of the object is refused. */
    within(owner) {
        const inner = (value) =>
            value !== null &&
            typeof value === "object" &&
            (this.#kept.some((problem) => problem.owner === value) || Object.values(value).some(inner));
        return this.#kept.length > 0 && inner(owner);
    }

    of(where) {
        return this.#kept.filter((problem) => problem.where === where);
    }

    get all() {
        return this.#kept;
    }
}
