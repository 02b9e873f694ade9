// The page on which a ramp is written: plan, steps, rule, guardrails, and beside them what all of it would do.

import { h, labelled, liveRegion, select, uid } from "../editor/dom.js";
import { Problems } from "../editor/problems.js";
import { guardrailList } from "./guardrails.js";
import { plans } from "./plans.js";
import { preview } from "./preview.js";
import { stepGrid } from "./steps.js";

const WATCHING = [
    ["0s", "not at all"],
    ["30m", "30 minutes"],
    ["1h", "1 hour"],
    ["4h", "4 hours"],
    ["1d", "1 day"],
    ["3d", "3 days"],
    ["1w", "1 week"],
];

const told = document.querySelector("#ramp-form, #ramp-data");
if (told) open(told.closest("form"), JSON.parse(told.dataset.page));

/** @param {object} page of a template it has neither plans, nor rules, nor what is done when a ramp begins */
function open(form, page) {
    const root = document.getElementById("ramp-editor");
    const announce = liveRegion(root);
    const { draft } = page;
    const problems = new Problems();
    for (const { path, message } of page.problems) problems.add(draft, path, message, "ramp");
    const first = page.first ?? 0;
    let chosenByPlan = false;

    const around = { problems, announce, changed };
    const steps = stepGrid(draft, { ...around, changed: stepsChanged, most: page.most_steps, begun: page.begun, first });
    const guardrails = guardrailList(draft, {
        ...around,
        events: page.events,
        prometheus: page.prometheus,
        defaults: page.defaults,
        most: page.most_guardrails,
    });
    const plan =
        page.templates &&
        plans({
            templates: page.templates,
            present: () => page.rules.find((rule) => rule.id === draft.rule)?.percentage ?? 0,
            choose(chosen) {
                chosenByPlan = true;
                draft.steps = chosen.steps;
                if (chosen.guardrails?.length) draft.guardrails = chosen.guardrails;
                steps.draw();
                guardrails.draw();
                changed();
                chosenByPlan = false;
            },
        });
    const loud = document.getElementById("ramp-loud-too");
    const ask = preview(document.getElementById("ramp-preview"), page.preview, { sent, first }, (found) => {
        guardrails.say(found.guardrails);
        if (!loud) return;
        loud.hidden = !found.loud;
        loud.textContent = found.loud ? found.first : "";
    });

    root.append(
        ...[
            page.rules && ground(),
            plan?.element,
            section(
                first ? "Steps to come" : "Steps",
                "Each lets more users in than the one before; whoever is in stays in. A step may also wait for a number of evaluations since the one before, and for a person’s word.",
                steps.element,
            ),
            guardrails.element,
            loud && watching(),
        ].filter(Boolean),
    );
    if (plan && !draft.steps.length && !page.problems.length) plan.take("simple");
    else plan?.own();
    root.querySelector("[aria-invalid]")?.focus();
    ask();

    form.addEventListener("submit", write);
    form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target.matches("#ramp-editor input")) event.preventDefault();
    });

    function stepsChanged() {
        if (!chosenByPlan) plan?.own();
        changed();
    }

    function changed() {
        ask();
    }

    function write() {
        form.elements.steps.value = JSON.stringify(draft.steps);
        form.elements.guardrails.value = JSON.stringify(draft.guardrails);
    }

    function sent() {
        write();
        return new FormData(form);
    }

    /** Which rule is moved, and whether the flag is turned on. */
    function ground() {
        const box = h("input", {
            type: "checkbox",
            class: "ed-check",
            name: "turn_on",
            id: uid("on"),
            checked: draft.turn_on,
            on: { change: changed },
        });
        const apart = h("p", { class: "ed-note" });
        const tellApart = () => {
            const { bucket_by } = page.rules.find(({ id }) => id === draft.rule) ?? {};
            apart.textContent = bucket_by
                ? `It is bucketed by ${bucket_by}, which events do not carry: guardrails can only ask Prometheus.`
                : "";
        };
        tellApart();
        const rule = select(
            "What it moves",
            page.rules.map(({ id, words, percentage }) => [id, `${words} (now ${percentage} %)`]),
            draft.rule,
            (id) => {
                draft.rule = id;
                tellApart();
                plan.again();
                changed();
            },
            { name: "rule" },
        );
        return section(
            "What it moves",
            null,
            page.rules.length > 1
                ? labelled("Rule", rule)
                : h("p", {}, `${page.rules[0].words}. Now ${page.rules[0].percentage} %.`),
            problems.at(draft, "rule", rule) ?? "",
            apart,
            page.enabled
                ? ""
                : h("label", { class: "ramp-turn-on", for: box.id }, box, "The flag is off: turn it on with the first step"),
            problems.at(draft, "turn_on", box) ?? "",
        );
    }

    function watching() {
        const known = WATCHING.some(([key]) => key === draft.watch_for);
        const field = select(
            "After the last step guardrails look on for",
            known ? WATCHING : [...WATCHING, [draft.watch_for, draft.watch_for]],
            draft.watch_for,
            changed,
            { name: "watch_for" },
        );
        return h(
            "div",
            { class: "ramp-watching" },
            labelled("After the last step guardrails look on for", field),
            problems.at(draft, "watch_for", field) ?? "",
        );
    }
}

function section(words, note, ...content) {
    const id = uid("section");
    return h(
        "section",
        { class: "ed-section", "aria-labelledby": id },
        h("h2", { class: "ed-section-title", id }, words),
        note && h("p", { class: "ed-note" }, note),
        content,
    );
}
