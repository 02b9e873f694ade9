// The page of a segment: the condition builder around the form's own field, which is what is sent.

import { conditionBuilder } from "./conditions.js";
import { Context } from "./context.js";
import { h, liveRegion } from "./dom.js";
import { Drafts } from "./drafts.js";
import { readJson, writeJson } from "./json.js";
import { Offers } from "./offers.js";
import { Problems } from "./problems.js";
import { problemSummary } from "./summary.js";
import { unsavedNote } from "./unsaved.js";
import { Vocabulary } from "./vocabulary.js";

const NONE = "No condition: only those are in who are listed.";

const root = document.getElementById("segment-editor");
if (root) open(root, JSON.parse(root.dataset.page));

function open(root, page) {
    const form = root.closest("form");
    const drafts = new Drafts(root);
    const holdsTyped = drafts.broughtBack() || page.refused;
    const field = document.getElementById(page.condition);
    const typed = field.value;
    const project = document.querySelector("select[name=project]");
    const announce = liveRegion(root);
    const problems = new Problems();
    const offers = new Offers(root, page.addresses, page.project ?? project?.value);
    const document_ = { if: read() };
    let othersChanged = false;

    for (const { path, message } of page.problems) {
        if (/^if\b/.test(path)) problems.add(document_, path, message, "if");
    }
    const ready = offers.start();
    const context = new Context({
        vocabulary: new Vocabulary(page.operators),
        offers,
        problems,
        announce,
        ready,
        variations: () => [],
        after: write,
    });
    const unsaved = unsavedNote(form, () => [
        ...(field.value === typed ? [] : ["the condition"]),
        ...(othersChanged ? ["other fields"] : []),
        ...(holdsTyped && field.value === typed && !othersChanged ? ["as you sent them"] : []),
    ]);
    const place = h("div", {});
    const view = jsonText();

    function draw() {
        const summary = problemSummary(problems.all, new Map(), ({ element }) => element?.focus());
        place.replaceChildren(
            ...[
                summary,
                conditionBuilder(context, document_, "if", { words: "Who is in", everyone: true, none: NONE }),
            ].filter(Boolean),
        );
    }

    draw();
    root.append(...[!holdsTyped && drafts.offer(), place, view].filter(Boolean));
    (document.getElementById("unsaved-place") ?? root).append(unsaved.element);
    unsaved.refresh();

    project?.addEventListener("change", () => {
        offers.project = project.value;
        offers.start();
    });
    form.addEventListener("input", ({ target }) => {
        if (!target.name || target.form !== form) return;
        othersChanged = true;
        unsaved.refresh();
    });
    form.addEventListener("submit", () => {
        context.flush();
        drafts.keep();
    });
    form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target.matches("#segment-editor input")) event.preventDefault();
    });

    function read() {
        try {
            return typed.trim() ? readJson(typed) : null;
        } catch {
            return null; // what is wrong with it is said below, where the text still stands
        }
    }

    function write() {
        field.value = document_.if === null ? "" : writeJson(document_.if);
        unsaved.refresh();
    }

    /** The field itself is the JSON view. */
    function jsonText() {
        const fault = h("p", { class: "ed-problem", role: "alert" });
        field.classList.add("ed-input", "ed-mono", "ed-json");
        field.setAttribute("aria-label", "Condition, as JSON");
        field.addEventListener("input", (event) => {
            event.stopPropagation();
            try {
                document_.if = field.value.trim() ? readJson(field.value) : null;
                fault.textContent = "";
                draw();
            } catch (error) {
                fault.textContent = `This is not valid JSON: ${error.message}`;
            }
            unsaved.refresh();
        });
        return h(
            "details",
            { class: "ed-json-view", open: document_.if === null && typed.trim() !== "" },
            h("summary", { class: "ed-summary" }, "JSON view"),
            field,
            fault,
        );
    }
}
