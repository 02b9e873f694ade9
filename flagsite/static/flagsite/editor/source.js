// The form's own fields, which are what is sent: read once, then kept in step with the editor's documents.

import { canonical, readJson, writeJson } from "./json.js";

export const alike = (one, other) => canonical(one) === canonical(other);

const SHAPES = {
    enabled: {
        read: (field) => field.checked,
        write: (field, value) => {
            field.checked = value === true;
        },
    },
    off_variation: {
        read: (field) => field.value,
        write: (field, value) => {
            field.value = value ?? "";
        },
    },
    rollout_percentage: {
        read: (field) => (field.value === "" ? null : Number(field.value)),
        write: (field, value) => {
            field.value = value ?? "";
        },
    },
};
const JSON_FIELD = {
    read: (field, name) => (field.value.trim() === "" && name !== "fallthrough" ? [] : readJson(field.value || "null")),
    write: (field, value) => {
        field.value = writeJson(value);
    },
};

/** The fields that together hold one document, by the name of the part that each holds. */
export class Source {
    #parts = new Map();

    constructor(ids) {
        for (const [name, id] of Object.entries(ids)) {
            const field = document.getElementById(id);
            this.#parts.set(name, { field, shape: SHAPES[name] ?? JSON_FIELD, typed: field.value, first: undefined });
        }
    }

    /** The document; a part that is no JSON is null here, and its text stays in the field until it is changed. */
    read() {
        const found = {};
        for (const [name, part] of this.#parts) {
            try {
                found[name] = part.shape.read(part.field, name);
            } catch {
                found[name] = null;
            }
            part.first = structuredClone(found[name]);
        }
        return found;
    }

    /** Write what differs from what was read; the rest keeps its text to the letter. */
    write(state) {
        for (const [name, part] of this.#parts) {
            if (alike(state[name], part.first) && part.shape === JSON_FIELD) part.field.value = part.typed;
            else part.shape.write(part.field, state[name]);
        }
    }

    differs(state) {
        return [...this.#parts].some(([name, part]) => !alike(state[name], part.first));
    }

    get names() {
        return [...this.#parts.keys()];
    }
}
