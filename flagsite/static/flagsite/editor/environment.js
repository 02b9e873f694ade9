// One environment's tab: on or off, what comes before the rules, the rules, the default rule, and all of it as JSON.

import { h, icon, uid } from "./dom.js";
import { jsonView } from "./json_view.js";
import { percentage } from "./percentage.js";
import { prerequisiteList } from "./prerequisites.js";
import { movedByRamp, rolloutCard } from "./rollout_card.js";
import { ruleList } from "./rules.js";
import { bucketBy, serveEditor } from "./serve.js";
import { swatch, variationName, variationSelect } from "./swatches.js";
import { targetList } from "./targets.js";

/** @param {{name: string}} environment @param {object} state the document, which is changed in place */
export function environmentPanel(context, environment, state, names) {
    const parts = h("div", { class: "ed-parts" });
    const view = jsonView(`State in ${environment.name}, as JSON`, {
        names,
        read: () => state,
        write: (typed) => {
            Object.assign(state, typed);
            context.changed();
            draw();
        },
    });
    context.onChange(view.element, view.refresh);
    context.views.push(view);

    function draw() {
        parts.replaceChildren(
            stateCard(context, environment, state),
            rolloutCard(environment),
            section(
                "Prerequisites",
                "Other flags that have to serve something first; otherwise the off variation is served.",
                prerequisiteList(context, state),
            ),
            section(
                "Individual targets",
                "These ids get their variation whatever the rules say.",
                targetList(context, state),
            ),
            section("Rules", null, ruleList(context, state, environment)),
            defaultRule(context, state, environment),
        );
    }

    draw();
    return h("div", {}, parts, view.element);
}

function section(words, note, ...content) {
    const id = uid("section");
    return h(
        "section",
        { class: "ed-section", role: "region", "aria-labelledby": id },
        h("h2", { class: "ed-section-title", id }, words),
        note && h("p", { class: "ed-note" }, note),
        content,
    );
}

function stateCard(context, environment, state) {
    const { problems } = context;
    const told = h("p", { class: "ed-told" });
    const words = h("span", { class: "ed-switch-words" });
    const box = h("input", {
        type: "checkbox",
        role: "switch",
        class: "ed-switch",
        id: uid("switch"),
        "aria-label": `Flag is on in ${environment.name}`,
        checked: state.enabled,
        on: {
            change: ({ target }) => {
                state.enabled = target.checked;
                paint();
                context.changed();
            },
        },
    });
    const off = h("span", { class: "ed-row" });
    const card = h("section", {
        class: "ed-card ed-state",
        role: "region",
        "aria-label": `${environment.name}: on or off`,
    });

    function paint() {
        words.textContent = state.enabled ? `On in ${environment.name}` : `Off in ${environment.name}`;
        card.classList.toggle("ed-state-on", state.enabled === true);
        const name = variationName(context, state.off_variation);
        told.textContent = state.enabled
            ? "The flag decides by what stands below."
            : `Everybody gets “${name}”. What stands below applies once the flag is on.`;
    }

    function drawOff(focus = false) {
        const choose = (key) => {
            state.off_variation = key;
            context.changed();
            paint();
            drawOff(true);
        };
        const control = variationSelect(context, "Off variation", state.off_variation, choose);
        const fault = problems.at(state, "off_variation", control);
        off.replaceChildren(
            h("span", { class: "ed-word" }, "When off, serve"),
            swatch(context, state.off_variation),
            control,
            fault ?? "",
        );
        if (focus) control.focus();
        paint();
    }

    const rules = [
        environment.protected && "Protected: publishing here takes a comment.",
        environment.approval && "Publishing here takes somebody else's approval.",
    ].filter(Boolean);
    drawOff();
    context.onVariations(card, () => drawOff());
    card.append(
        h("div", { class: "ed-row ed-spread" }, h("label", { class: "ed-switch-label", for: box.id }, box, words), off),
        told,
        rules.length ? h("p", { class: "ed-guarded" }, icon("lock"), rules.join(" ")) : "",
        problems.at(state, "enabled") ?? "",
    );
    return card;
}

function defaultRule(context, state, environment) {
    const serve = serveEditor(context, state, "fallthrough", "Default rule serves");
    const rest = h("p", { class: "ed-note" });
    const paint = () => {
        const share = state.rollout_percentage;
        rest.textContent =
            share === 100
                ? "Everybody whom no target or rule names gets this."
                : `Of those whom no target or rule names, ${share ?? "?"} % get this; the others get “${variationName(context, state.off_variation)}”.`;
    };
    context.onChange(rest, paint);
    paint();
    return section(
        "Default rule",
        null,
        h(
            "div",
            { class: "ed-card" },
            h(
                "div",
                { class: "ed-card-body" },
                h(
                    "div",
                    { class: "ed-part" },
                    h("h3", { class: "ed-part-title" }, icon("subdirectory_arrow_right"), "Everybody else gets"),
                    serve,
                ),
                h(
                    "div",
                    { class: "ed-part ed-columns" },
                    h(
                        "div",
                        { class: "ed-field" },
                        h("span", { class: "ed-label", "aria-hidden": "true" }, "Rollout percentage"),
                        percentage(context, state, "rollout_percentage", "Rollout percentage of the default rule"),
                        movedByRamp(environment, ""),
                        rest,
                    ),
                    bucketBy(context, state, "fallthrough"),
                ),
            ),
        ),
    );
}
