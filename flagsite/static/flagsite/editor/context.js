// What the parts of the editor share: vocabulary, suggestions, problems, and who is told when something changes.

import { colourAt } from "./swatches.js";

export class Context {
    /** Kinds that somebody has chosen for values, by condition; a list that is empty shows none by itself. */
    kinds = new WeakMap();
    views = [];
    #told = [];
    #toldOfVariations = [];
    #after;
    #due = null;

    /** @param {{vocabulary, offers, problems, announce, ready: Promise, variations: () => object[], after: () => void}} shared */
    constructor({ after, ...shared }) {
        Object.assign(this, shared);
        this.#after = after;
    }

    /** Say that the document has changed; who has to know is told once a frame, however fast somebody types. */
    changed() {
        this.#due ??= requestAnimationFrame(() => this.flush());
    }

    /** Tell them now. */
    flush() {
        if (this.#due === null) return;
        cancelAnimationFrame(this.#due);
        this.#due = null;
        this.#after();
        this.#told = this.#call(this.#told);
    }

    variationsChanged() {
        this.#toldOfVariations = this.#call(this.#toldOfVariations);
    }

    /** Call `tell` after every change, as long as the element is somewhere. */
    onChange(element, tell) {
        this.#told.push({ element, tell });
    }

    onVariations(element, tell) {
        this.#toldOfVariations.push({ element, tell });
    }

    colour(key) {
        return colourAt(this.variations().findIndex((variation) => variation.key === key));
    }

    #call(listeners) {
        const present = listeners.filter(({ element }) => element.isConnected);
        for (const { tell } of present) tell();
        return present;
    }
}
