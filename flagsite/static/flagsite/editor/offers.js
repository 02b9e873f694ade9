// Suggestions that the server is asked for while somebody types: attributes, segments, flags. Shared lists per page.

import { h, uid } from "./dom.js";

const PAUSE = 150; // milliseconds without a key before the server is asked

export class Offers {
    attributes = {};
    #values = {};
    #valueLists = new Map();
    #lists = {};
    #known = { segments: new Map(), flags: new Map() };
    #peeked = new Map();
    #sought = new Map();
    #asked = 0;
    #latest = { segments: 0, flags: 0 };

    #root;

    constructor(root, addresses, project) {
        this.#root = root;
        this.addresses = addresses;
        this.project = project;
        for (const name of ["attributes", "segments", "flags"]) {
            this.#lists[name] = h("datalist", { id: uid(name) });
            root.append(this.#lists[name]);
        }
    }

    list(name) {
        return this.#lists[name].id;
    }

    /** The id of a list of values that the attribute had lately; null when none were seen. */
    values(attribute) {
        if (!this.#values[attribute]) return null;
        if (!this.#valueLists.has(attribute)) {
            const list = h(
                "datalist",
                { id: uid("values") },
                this.#values[attribute].map((value) => h("option", { value: String(value) })),
            );
            this.#root.append(list);
            this.#valueLists.set(attribute, list.id);
        }
        return this.#valueLists.get(attribute);
    }

    kinds(attribute) {
        return this.attributes[attribute] ?? [];
    }

    async start() {
        const found = await this.#ask("attributes");
        this.attributes = found.attributes ?? {};
        this.#values = found.values ?? {};
        this.#lists.attributes.replaceChildren(
            ...Object.keys(this.attributes).map((path) => h("option", { value: path }, this.#told(path))),
        );
        await Promise.all([this.search("segments", ""), this.search("flags", "")]);
    }

    /** Fill a list with what goes with the text. */
    async search(name, text) {
        const asked = ++this.#asked;
        const found = (await this.#ask(name, { q: text }))[name] ?? [];
        for (const one of found) this.#known[name].set(one.key, one);
        if (this.#latest[name] > asked) return; // what was typed since has been answered
        this.#latest[name] = asked;
        this.#lists[name].replaceChildren(...found.map((one) => h("option", { value: one.key }, one.name || one.key)));
    }

    known(name, key) {
        return this.#known[name].get(key) ?? null;
    }

    /** An input with the suggestions of one list; those of segments and flags follow what is typed. */
    input(name, words, value, { typed, left = null, placeholder = "" }) {
        let timer = null;
        const ask = (text) => {
            clearTimeout(timer);
            timer = setTimeout(() => this.search(name, text), PAUSE);
        };
        const on = {
            input: ({ target }) => {
                typed(target.value.trim());
                if (name !== "attributes") ask(target.value.trim());
            },
            change: ({ target }) => left?.(target.value.trim()),
        };
        const look = {
            class: "ed-input ed-mono",
            "aria-label": words,
            list: this.list(name),
            autocomplete: "off",
            spellcheck: "false",
        };
        return h("input", { type: "text", ...look, placeholder, value, on });
    }

    /** What is known of one, the server asked if need be; null when there is none. */
    async find(name, key) {
        if (this.#known[name].has(key)) return this.known(name, key);
        const sought = `${name} ${key}`;
        if (!this.#sought.has(sought)) this.#sought.set(sought, this.#ask(name, { q: key }));
        for (const one of (await this.#sought.get(sought))[name] ?? []) this.#known[name].set(one.key, one);
        return this.known(name, key);
    }

    async peek(key) {
        if (!this.#peeked.has(key)) this.#peeked.set(key, await this.#ask("peek", { key }));
        return this.#peeked.get(key);
    }

    #told(path) {
        return this.attributes[path].join(", ");
    }

    async #ask(name, query = {}) {
        const address = this.addresses[name];
        if (!address || !this.project) return {};
        const answer = await fetch(`${address.replace("/0/", `/${this.project}/`)}?${new URLSearchParams(query)}`, {
            headers: { Accept: "application/json" },
        }).catch(() => null);
        return answer?.ok && !answer.redirected ? answer.json() : {}; // redirected: the session has ended
    }
}
