// The simple way to a schedule: over how long, up to which percentage; or a template that somebody has thought about.

import { h, labelled, uid } from "../editor/dom.js";
import { durationText, inPerCent, seconds } from "./durations.js";

const SHAPE = [0.01, 0.1, 0.25, 0.5, 1]; // of the way; most of the time where harm shows best
const LENGTHS = [
    ["1h", "1 hour"],
    ["4h", "4 hours"],
    ["12h", "12 hours"],
    ["1d", "1 day"],
    ["3d", "3 days"],
    ["1w", "1 week"],
    ["2w", "2 weeks"],
];
const WHOLE = 100;

/** Steps from now on, evenly over a time, from a percentage to another. */
export function evenly(length, from, to) {
    const start = from < to ? from : 0;
    const gap = seconds(length) / (SHAPE.length - 1);
    return SHAPE.map((part, place) => {
        const percentage = Math.round((start + (to - start) * part) * 1_000) / 1_000;
        return place ? { percentage, after: durationText(gap) } : { percentage };
    });
}

/** @param {{templates, present: () => number, choose: (plan: {steps, guardrails?}) => void}} around */
export function plans({ templates, present, choose }) {
    const name = uid("plan");
    const length = h(
        "select",
        { class: "ed-input", on: { change: () => take("simple") } },
        LENGTHS.map(([key, words]) => h("option", { value: key, selected: key === "1d" }, words)),
    );
    const target = h("input", {
        type: "number",
        min: "0",
        max: "100",
        step: "any",
        class: "ed-input ramp-number",
        value: WHOLE,
        on: { input: () => take("simple") },
    });
    const own = card("own", "Own steps", "As the grid below has them.");
    const simple = h(
        "div",
        { class: "ramp-simple" },
        labelled("Over", length),
        labelled("To", target, { shown: inPerCent(target) }),
    );
    const element = h(
        "fieldset",
        { class: "ramp-plans" },
        h("legend", { class: "ed-section-title" }, "How fast?"),
        h(
            "div",
            { class: "ed-starters" },
            card("simple", "Evenly", "From now on, in five steps, over a time that you choose."),
            templates.map((one) => card(one.key, one.name, one.description || shares(one.steps), one)),
            own,
        ),
        simple,
    );

    function card(key, title, told, template = null) {
        const id = uid("plan");
        const radio = h("input", {
            type: "radio",
            class: "ed-starter-radio",
            name,
            id,
            value: key,
            on: { change: () => take(key) },
        });
        return h(
            "label",
            { class: "ed-starter", for: id },
            radio,
            h("span", { class: "ed-starter-title" }, title),
            h("span", { class: "ed-note" }, told),
            template?.description ? h("span", { class: "ed-starter-type" }, shares(template.steps)) : "",
        );
    }

    function take(key) {
        element.querySelector(`input[value="${CSS.escape(key)}"]`).checked = true;
        simple.hidden = key !== "simple";
        if (key === "simple") choose({ steps: evenly(length.value, present(), target.valueAsNumber || WHOLE) });
        const template = templates.find((one) => one.key === key);
        if (template) choose(structuredClone({ steps: template.steps, guardrails: template.guardrails }));
    }

    return {
        element,
        take,
        /** Make the steps again where they depend on what is there. */
        again() {
            if (!simple.hidden) take("simple");
        },
        /** Say that the steps are no plan's any more. */
        own() {
            own.querySelector("input").checked = true;
            simple.hidden = true;
        },
    };
}

const shares = (steps) => steps.map((step) => `${step.percentage} %`).join(" → ");
