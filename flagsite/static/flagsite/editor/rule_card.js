// One rule as a card: its name, whom it is for, what it serves, and to which share of those who match.

import { conditionBuilder } from "./conditions.js";
import { button, h, icon, labelled, plural, uid } from "./dom.js";
import { percentage } from "./percentage.js";
import { movedByRamp } from "./rollout_card.js";
import { bucketBy, serveEditor } from "./serve.js";
import { variationName } from "./swatches.js";

/** @param {{move, remove, copy, items: Map, environment, open: boolean}} list what the list does; `items`: the key that dragging knows */
export function ruleCard(context, rule, { move, remove, copy, items, environment, open }) {
    const key = uid("rule");
    items.set(key, rule);
    const heading = h("h3", { class: "ed-card-title", id: uid("title") });
    const brief = h("span", { class: "ed-brief" });
    const body = h("div", { class: "ed-card-body", id: uid("body"), hidden: true });
    const folding = button("Open or close the rule", {
        symbol: "expand_more",
        bare: true,
        kind: "ed-fold",
        "aria-expanded": "false",
        "aria-controls": body.id,
        press: () => fold(),
    });
    const up = button("Move up", { symbol: "arrow_upward", bare: true, press: () => move(rule, -1) });
    const down = button("Move down", { symbol: "arrow_downward", bare: true, press: () => move(rule, 1) });
    const section = h(
        "section",
        { class: "ed-card", role: "group", "aria-labelledby": heading.id },
        h(
            "header",
            { class: "ed-card-head" },
            h("span", { class: "ed-grip", "aria-hidden": "true", title: "Drag to reorder" }, icon("drag_indicator")),
            heading,
            brief,
            h(
                "span",
                { class: "ed-card-tools" },
                up,
                down,
                button("Copy rule", { symbol: "content_copy", bare: true, press: () => copy(rule) }),
                button("Delete rule", { symbol: "delete", bare: true, kind: "ed-danger", press: () => remove(rule) }),
                folding,
            ),
        ),
        context.problems.at(rule, ""),
        body,
    );
    const item = h("li", { "x-sort:item": `'${key}'` }, section);
    let number = 0;
    let name = null;

    function title() {
        heading.replaceChildren(
            h("span", { class: "ed-number" }, `Rule ${number + 1}`),
            rule.name ? `: ${rule.name}` : "",
        );
        const share = rule.rollout_percentage ?? 100;
        const served = rule.serve?.split
            ? `a split of ${plural(rule.serve.split.length, "variation")}`
            : variationName(context, rule.serve?.variation);
        brief.textContent = `serves ${served}${share === 100 ? "" : `, to ${share} %`}`;
    }

    function build() {
        const input = ({ target }) => {
            rule.name = target.value;
            title();
            context.changed();
        };
        name = h("input", {
            type: "text",
            class: "ed-input",
            maxlength: "200",
            placeholder: "Who is this for?",
            value: rule.name ?? "",
            on: { input },
        });
        const told = {
            words: "If",
            everyone: true,
            none: "No condition yet. Nothing is implicit: add one, or choose everyone.",
        };
        body.append(
            labelled("Name", name),
            context.problems.at(rule, "name", name) ?? "",
            h(
                "div",
                { class: "ed-part" },
                h("h4", { class: "ed-part-title" }, "If"),
                conditionBuilder(context, rule, "if", told),
            ),
            h(
                "div",
                { class: "ed-part" },
                h("h4", { class: "ed-part-title" }, "Then serve"),
                serveEditor(context, rule, "serve", "Then serve"),
            ),
            h(
                "div",
                { class: "ed-part ed-columns" },
                h(
                    "div",
                    { class: "ed-field" },
                    h("span", { class: "ed-label", "aria-hidden": "true" }, "To this share of those who match"),
                    percentage(context, rule, "rollout_percentage", "Rollout percentage of the rule"),
                    rule.id ? movedByRamp(environment, rule.id) : "",
                ),
                bucketBy(context, rule, "serve"),
            ),
        );
        context.onChange(body, title);
    }

    function fold(wanted = body.hidden) {
        if (wanted && !body.childElementCount) build();
        body.hidden = !wanted;
        brief.hidden = wanted;
        folding.setAttribute("aria-expanded", String(wanted));
    }

    fold(open || context.problems.within(rule));
    return {
        item,
        number(index) {
            number = index;
            title();
            up.disabled = index === 0;
            down.disabled = !item.nextElementSibling;
        },
        unfold: () => fold(true),
        focus(where) {
            const buttons = { up: [up, down], down: [down, up] }[where];
            (buttons ? buttons.find((one) => !one.disabled) : name)?.focus();
        },
    };
}
