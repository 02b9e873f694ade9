// The grid of steps: for each a percentage, when it is due, and what it waits for besides.

import { button, h, labelled } from "../editor/dom.js";
import { duration, inPerCent } from "./durations.js";

const WHEN = [
    ["after", "after"],
    ["at", "at (UTC)"],
    ["once", "at once"],
];

/**
 * @param {{steps: object[]}} draft
 * @param {{problems, announce, changed, most: number, begun: boolean, first: number}} around `first`: how many steps of
 *   the ramp were taken before these
 */
export function stepGrid(draft, { problems, announce, changed, most, begun, first }) {
    const list = h("ol", { class: "ramp-steps", "aria-label": "Steps" });
    const adding = button("Add step", { symbol: "add", press: add });
    const element = h(
        "div",
        {},
        problems.at(draft, "steps") ?? "",
        list,
        h("div", { class: "ed-adds" }, adding),
    );

    function draw() {
        list.replaceChildren(...draft.steps.map((step, index) => h("li", {}, row(step, index))));
        adding.disabled = draft.steps.length >= most;
    }

    function row(step, index) {
        const number = h("input", {
            type: "number",
            min: "0",
            max: "100",
            step: "any",
            class: "ed-input ramp-number",
            value: step.percentage,
            on: {
                input: ({ target }) => {
                    step.percentage = Number.isNaN(target.valueAsNumber) ? null : target.valueAsNumber;
                    changed();
                },
            },
        });
        const evaluations = h("input", {
            type: "number",
            min: "0",
            step: "1",
            class: "ed-input ramp-evaluations",
            placeholder: "none",
            value: step.min_evaluations || "",
            on: {
                input: ({ target }) => {
                    if (target.value) step.min_evaluations = target.valueAsNumber;
                    else delete step.min_evaluations;
                    changed();
                },
            },
        });
        const word = h("input", {
            type: "checkbox",
            class: "ed-check",
            checked: step.needs_confirmation === true,
            on: {
                change: ({ target }) => {
                    if (target.checked) step.needs_confirmation = true;
                    else delete step.needs_confirmation;
                    changed();
                },
            },
        });
        const remove = button(`Remove step ${first + index + 1}`, {
            symbol: "close",
            bare: true,
            kind: "ed-danger",
            press: () => take(index),
        });
        return h(
            "div",
            { class: "ramp-step", role: "group", "aria-label": `Step ${first + index + 1}` },
            h("span", { class: "ramp-step-number", "aria-hidden": "true" }, first + index + 1),
            labelled("Percentage", number, { shown: inPerCent(number) }),
            due(step, index),
            labelled("Evaluations", evaluations),
            labelled("A person’s word", word, { style: "ramp-word" }),
            remove,
            h(
                "div",
                { class: "ramp-step-problems" },
                problems.at(step, ""),
                problems.at(step, "percentage", number),
                problems.at(step, "min_evaluations", evaluations),
                problems.at(step, "after"),
                problems.at(step, "at"),
            ),
        );
    }

    function due(step, index) {
        const kind = step.at !== undefined ? "at" : step.after !== undefined ? "after" : "once";
        const slot = h("span", { class: "ramp-due-value" });
        const choice = h(
            "select",
            {
                class: "ed-input ramp-due-kind",
                on: {
                    change: ({ target }) => {
                        delete step.at;
                        delete step.after;
                        if (target.value === "after") step.after = "1h";
                        if (target.value === "at") step.at = inAnHour();
                        fill(target.value);
                        changed();
                    },
                },
            },
            WHEN.map(([key, words]) =>
                h("option", { value: key, selected: key === kind }, key === "once" && (index || begun) ? "without a delay" : words),
            ),
        );

        function fill(wanted) {
            const after = (text) => {
                step.after = text;
                changed();
            };
            const at = ({ target }) => {
                step.at = target.value ? `${target.value}:00Z` : "";
                changed();
            };
            const words = index || begun ? "After the step before" : "After the start";
            slot.replaceChildren(
                wanted === "after"
                    ? duration(step.after, words, after).element
                    : wanted === "at"
                      ? h("input", {
                            type: "datetime-local",
                            class: "ed-input",
                            "aria-label": "At (UTC)",
                            value: (step.at ?? "").slice(0, 16),
                            on: { input: at },
                        })
                      : "",
            );
        }

        fill(kind);
        const field = labelled("Due", choice, { style: "ramp-due" });
        field.append(slot);
        return field;
    }

    function add() {
        const last = draft.steps.at(-1);
        const share = last ? Math.min(100, Math.max(last.percentage * 2, last.percentage + 1)) : 1;
        draft.steps.push(last || begun ? { percentage: share, after: last?.after ?? "1h" } : { percentage: share });
        draw();
        changed();
        list.lastElementChild.querySelector("input").focus();
        announce(`Step ${first + draft.steps.length} added.`);
    }

    function take(index) {
        draft.steps.splice(index, 1);
        draw();
        changed();
        announce(`Step ${first + index + 1} removed, ${draft.steps.length} left.`);
        (list.children[Math.min(index, draft.steps.length - 1)]?.querySelector("input") ?? adding).focus();
    }

    draw();
    return { element, draw };
}

function inAnHour() {
    const then = new Date(Date.now() + 3_600_000);
    then.setUTCMinutes(0, 0, 0);
    return `${then.toISOString().slice(0, 16)}:00Z`;
}
