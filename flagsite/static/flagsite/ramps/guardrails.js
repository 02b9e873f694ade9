// Guardrails: what is watched, when it is crossed, what is done then. The sentence above each comes from the server.

import { button, h, labelled, select, uid } from "../editor/dom.js";
import { duration } from "./durations.js";

const ACTIONS = [
    ["rollback", "roll back to 0 %"],
    ["step_back", "go back to the step before, and pause"],
    ["pause", "pause"],
    ["turn_off", "turn the flag off"],
];
const PER_CENT = 100;

const fresh = () => ({
    metric: { event: "", per: "", worse: "more" },
    when: { worse_than_others: true, false_alarms: 0.01 },
    then: "rollback",
});

/** @param {{guardrails: object[]}} draft */
export function guardrailList(draft, { problems, announce, changed, events, prometheus, defaults, most }) {
    const names = h("datalist", { id: uid("events") }, events.map((name) => h("option", { value: name })));
    const list = h("ol", { class: "ramp-guardrails", "aria-label": "Guardrails" });
    const empty = h("p", { class: "ed-empty" }, "Nothing is watched: no figure stops the ramp by itself.");
    const adding = button("Add guardrail", { symbol: "add_moderator", press: add });
    const element = h(
        "section",
        { class: "ed-section", "aria-labelledby": "ramp-guardrails-title" },
        h("h2", { class: "ed-section-title", id: "ramp-guardrails-title" }, "Guardrails"),
        h("p", { class: "ed-note" }, "Figures that stop the ramp, or undo it, without anybody."),
        problems.at(draft, "guardrails") ?? "",
        names,
        list,
        empty,
        h("div", { class: "ed-adds" }, adding),
    );
    let sentences = [];

    function draw() {
        list.replaceChildren(...draft.guardrails.map((guardrail, index) => h("li", {}, card(guardrail, index))));
        empty.hidden = draft.guardrails.length > 0;
        adding.disabled = draft.guardrails.length >= most;
        say(sentences);
    }

    function say(told) {
        sentences = told;
        for (const [place, item] of [...list.children].entries()) {
            const words = sentences[place] || "Not whole yet: fill in what is watched.";
            item.querySelector(".ramp-sentence").textContent = words;
            item.firstElementChild.classList.toggle("ramp-unwhole", !sentences[place]);
        }
    }

    function card(guardrail, index) {
        const body = h("div", {});
        const redraw = (focus) => {
            fill();
            changed();
            body.querySelector(focus)?.focus();
        };

        function fill() {
            body.replaceChildren(
                part(...metric(guardrail, redraw)),
                part(...condition(guardrail, redraw)),
                part(then(guardrail)),
            );
        }

        fill();
        return h(
            "div",
            { class: "ed-card ramp-guard", role: "group", "aria-label": `Guardrail ${index + 1}` },
            h(
                "header",
                { class: "ramp-guard-head" },
                h("span", { class: "material-symbols-outlined ed-icon", "aria-hidden": "true" }, "shield"),
                h("p", { class: "ramp-sentence" }),
                button(`Remove guardrail ${index + 1}`, {
                    symbol: "delete",
                    bare: true,
                    kind: "ed-danger",
                    press: () => take(index),
                }),
            ),
            problems.at(guardrail, "") ?? "",
            body,
        );
    }

    const part = (...fields) => h("div", { class: "ramp-guardrail-part" }, fields);

    // --- what is watched -------------------------------------------------------------------------------------------

    function metric(guardrail, redraw) {
        const asks = "prometheus" in guardrail.metric;
        const kinds = [
            ["event", "what users do, as SDKs report it"],
            ["prometheus", "a query of Prometheus"],
        ];
        const kind = select("Watch", prometheus || asks ? kinds : kinds.slice(0, 1), asks ? "prometheus" : "event", (chosen) => {
            guardrail.metric = chosen === "prometheus" ? { prometheus: "" } : fresh().metric;
            if (chosen === "prometheus") guardrail.when = { above: null };
            redraw("select");
        });
        const called = text(guardrail, "name", { placeholder: "error rate" });
        const first = [
            labelled("Watch", kind),
            labelled("Called (optional)", called),
            problems.at(guardrail, "name", called) ?? "",
        ];
        return asks ? [...first, ...query(guardrail.metric)] : [...first, ...eventFields(guardrail.metric)];
    }

    function query(metric) {
        const field = h("textarea", {
            class: "ed-input ed-growing ed-mono",
            rows: "2",
            spellcheck: "false",
            value: metric.prometheus,
            on: { input: ({ target }) => set(metric, "prometheus", target.value) },
        });
        const note = "One number. $flag, $environment and $percentage are filled in.";
        return [labelled("Query", field, { note, style: "ramp-across" }), problems.at(metric, "prometheus", field) ?? ""];
    }

    function eventFields(metric) {
        const event = text(metric, "event", { list: names.id, placeholder: "checkout-failed" });
        const per = text(metric, "per", { list: names.id, placeholder: "checkout" });
        const above = h("input", {
            type: "number",
            step: "any",
            class: "ed-input",
            placeholder: "any",
            value: metric.above ?? "",
            on: {
                input: ({ target }) => {
                    if (target.value === "") delete metric.above;
                    else metric.above = target.valueAsNumber;
                    changed();
                },
            },
        });
        return [
            labelled("The share of users with the event", event),
            problems.at(metric, "event", event) ?? "",
            labelled("Of those with the event", per),
            problems.at(metric, "per", per) ?? "",
            labelled("With a value above (optional)", above),
            problems.at(metric, "above", above) ?? problems.at(metric, "") ?? "",
        ];
    }

    // --- when it is crossed ----------------------------------------------------------------------------------------

    function condition(guardrail, redraw) {
        const asks = "prometheus" in guardrail.metric;
        const when = guardrail.when;
        const side = "below" in when ? "below" : "above";
        const comparing = "worse_than_others" in when;
        const kinds = [
            ...(asks ? [] : [["others", "users inside fare worse than those outside"]]),
            ["above", asks ? "it is above" : "the share is above"],
            ["below", asks ? "it is below" : "the share is below"],
        ];
        const choice = select("When", kinds, comparing ? "others" : side, (chosen) => {
            const limit = when[side] ?? null;
            if (chosen === "others") guardrail.when = fresh().when;
            else guardrail.when = asks ? { [chosen]: limit } : { [chosen]: limit, window: defaults.window, sample: defaults.sample };
            redraw(".ramp-when");
        });
        choice.classList.add("ramp-when");
        const first = [labelled("When", choice), problems.at(guardrail, "when", choice) ?? "", problems.at(when, "", choice) ?? ""];
        if (comparing) return [...first, ...compared(guardrail)];
        const limit = number(when, side, asks ? 1 : PER_CENT);
        const found = [...first, labelled(asks ? "Limit" : "Limit, in %", limit), problems.at(when, side, limit) ?? ""];
        return asks ? found : [...found, ...sampled(when)];
    }

    function compared({ metric, when }) {
        const worse = select(
            "What is worse",
            [
                ["more", "more of them inside"],
                ["fewer", "fewer of them inside"],
            ],
            metric.worse ?? "more",
            (chosen) => set(metric, "worse", chosen),
        );
        const alarms = number(when, "false_alarms", PER_CENT);
        const note = "Of ramps that do no harm, so many may be stopped by chance.";
        return [
            labelled("What is worse", worse),
            labelled("False alarms, in %", alarms, { note }),
            problems.at(when, "false_alarms", alarms) ?? "",
        ];
    }

    function sampled(when) {
        const window = duration(when.window, "Over the last", (value) => set(when, "window", value), { id: uid("window") });
        const sample = number(when, "sample", 1);
        return [
            h("div", { class: "ed-field" }, h("label", { class: "ed-label", for: window.control.id }, "Over the last"), window.element),
            problems.at(when, "window", window.control) ?? "",
            labelled("Judged from so many users on", sample),
            problems.at(when, "sample", sample) ?? "",
        ];
    }

    function then(guardrail) {
        const choice = select("Then", ACTIONS, guardrail.then ?? "rollback", (chosen) => set(guardrail, "then", chosen));
        return labelled("Then", choice);
    }

    // --- controls --------------------------------------------------------------------------------------------------

    function set(owner, field, value) {
        owner[field] = value;
        changed();
    }

    function text(owner, field, attributes) {
        const input = ({ target }) => {
            if (target.value || field !== "name") owner[field] = target.value;
            else delete owner[field];
            changed();
        };
        return h("input", { type: "text", class: "ed-input", autocomplete: "off", maxlength: "128", ...attributes, value: owner[field] ?? "", on: { input } });
    }

    /** A number that is shown so many times as large. */
    function number(owner, field, factor) {
        const shown = owner[field] === null || owner[field] === undefined ? "" : Number((owner[field] * factor).toPrecision(12));
        const input = ({ target }) =>
            set(owner, field, target.value === "" ? null : Number((target.valueAsNumber / factor).toPrecision(12)));
        return h("input", { type: "number", step: "any", class: "ed-input", value: shown, on: { input } });
    }

    function add() {
        draft.guardrails.push(fresh());
        draw();
        changed();
        list.lastElementChild.querySelector("select").focus();
        announce(`Guardrail ${draft.guardrails.length} added.`);
    }

    function take(index) {
        draft.guardrails.splice(index, 1);
        sentences.splice(index, 1);
        draw();
        changed();
        announce(`Guardrail ${index + 1} removed, ${draft.guardrails.length} left.`);
        (list.children[Math.min(index, draft.guardrails.length - 1)]?.querySelector("button") ?? adding).focus();
    }

    draw();
    return { element, draw, say };
}
