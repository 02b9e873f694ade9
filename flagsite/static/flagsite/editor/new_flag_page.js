// The page of a new flag: begin from a template, and write the variations without JSON.

import { h, liveRegion } from "./dom.js";
import { Drafts } from "./drafts.js";
import { readJson, writeJson } from "./json.js";
import { Problems } from "./problems.js";
import { unsavedNote } from "./unsaved.js";
import { variationEditor } from "./variations.js";

const BOOLEAN = [
    { key: "on", value: true, name: "On" },
    { key: "off", value: false, name: "Off" },
];
const TEXTS = { string: ["first", "second"], number: [1, 2], json: [{}, {}] };

const WRITTEN_OUT = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d" }; // Unicode takes none of them apart

const root = document.getElementById("new-flag-editor");
if (root) open(root, JSON.parse(root.dataset.page));

function open(root, page) {
    const form = root.closest("form");
    const drafts = new Drafts(root);
    const holdsTyped = drafts.broughtBack() || page.refused;
    const offer = holdsTyped ? null : drafts.offer();
    const named = (name) => form.elements.namedItem(name);
    const [type, key, name, tags, source] = ["type", "key", "name", "tags", "variations"].map(named);
    const announce = liveRegion(root);
    const problems = new Problems();
    const kept = { variations: read() };
    let keyTyped = Boolean(key.value);
    let changed = false;

    for (const { path, message } of page.problems) problems.add(kept, path, message, "variations");
    const editor = variationEditor(
        { type: () => type.value, list: () => kept.variations },
        {
            owner: kept,
            problems,
            announce,
            renamed: () => {},
            changed: () => {
                write();
                touched();
            },
        },
    );
    const advice = h("p", { class: "ed-note", role: "status" });
    const unsaved = unsavedNote(form, () => (changed || holdsTyped ? ["this new flag"] : []));

    root.append(editor);
    document.getElementById("new-flag-starters").append(...[offer, cards(), advice].filter(Boolean));
    (document.getElementById("unsaved-place") ?? root).append(unsaved.element);
    write();
    unsaved.refresh();

    type.addEventListener("change", () => {
        kept.variations =
            type.value === "boolean"
                ? structuredClone(BOOLEAN)
                : (TEXTS[type.value] ?? []).map((value, index) => ({ key: ["first", "second"][index], value }));
        write();
        editor.redraw();
    });
    key.addEventListener("input", () => {
        keyTyped = Boolean(key.value);
    });
    name.addEventListener("input", () => {
        if (!keyTyped) key.value = slug(name.value);
    });
    form.addEventListener("input", ({ target }) => {
        if (target.name && target.form === form) touched();
    });
    form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target.matches("#new-flag-editor input")) event.preventDefault();
    });
    form.addEventListener("submit", (event) => {
        const invalid = root.querySelector("textarea:invalid");
        if (!invalid) {
            drafts.keep();
            return;
        }
        event.preventDefault();
        unsaved.stay();
        invalid.focus();
    });

    function touched() {
        changed = true;
        unsaved.refresh();
    }

    function cards() {
        const choice = (starter) => {
            const id = `starter-${starter.key}`;
            return h(
                "label",
                { class: "ed-starter", for: id },
                h("input", {
                    type: "radio",
                    id,
                    name: "",
                    form: "",
                    class: "ed-starter-radio",
                    value: starter.key,
                    on: { change: () => begin(starter) },
                }),
                h("span", { class: "ed-starter-title" }, starter.title),
                h("span", { class: "ed-note" }, starter.purpose),
                h(
                    "span",
                    { class: "ed-starter-type" },
                    `${starter.type}: ${starter.variations.map((one) => one.name ?? one.key).join(", ")}`,
                ),
            );
        };
        const group = h(
            "fieldset",
            { class: "ed-starters" },
            h("legend", { class: "ed-label" }, "Begin from a template"),
            page.starters.map(choice),
        );
        for (const radio of group.querySelectorAll("input")) radio.name = "starter";
        return group;
    }

    function begin(starter) {
        type.value = starter.type;
        const others = tags.value
            .split(",")
            .map((tag) => tag.trim())
            .filter((tag) => tag && !page.starters.some((one) => one.tags.includes(tag)));
        tags.value = [...others, ...starter.tags].join(", ");
        kept.variations = structuredClone(starter.variations);
        advice.textContent = starter.advice;
        write();
        editor.redraw();
        touched();
    }

    function read() {
        try {
            const found = readJson(source.value || "null");
            return Array.isArray(found) ? found : type.value === "boolean" ? structuredClone(BOOLEAN) : [];
        } catch {
            return [];
        }
    }

    function write() {
        source.value = kept.variations.length ? writeJson(kept.variations) : "";
    }
}

/** The key that a name suggests: letters lose their marks, and no word falls apart where one stood. */
function slug(text) {
    return text
        .toLowerCase()
        .replace(/[ßæœøłđ]/g, (letter) => WRITTEN_OUT[letter])
        .normalize("NFKD")
        .replace(/\p{Mark}/gu, "")
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-+|-+$/g, "")
        .slice(0, 100);
}
