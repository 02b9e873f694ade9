// The ordered rules of an environment as cards: dragged, moved with buttons, copied, deleted and brought back.

import { button, h } from "./dom.js";
import { ruleCard } from "./rule_card.js";

const OPEN_AT_MOST = 8; // with more rules than these, cards start closed

export function ruleList(context, state, environment) {
    const cards = new Map(); // by rule
    const items = new Map(); // by the key that dragging knows
    const empty = h(
        "p",
        { class: "ed-empty" },
        "No rules: the default rule decides for everybody who is not targeted.",
    );
    const undo = h("div", { class: "ed-undo", role: "status" });
    const list = h("ol", {
        class: "ed-rules",
        "aria-label": "Rules",
        "x-sort": "$dispatch('ruledropped', { item: $item, position: $position })",
        "x-sort:config": "{ handle: '.ed-grip', animation: 150 }",
        on: {
            ruledropped: (event) => {
                event.stopPropagation();
                dropped(event.detail);
            },
        },
    });

    function draw() {
        list.replaceChildren(...state.rules.map((rule) => card(rule).item));
        empty.hidden = state.rules.length > 0;
        state.rules.forEach((rule, index) => card(rule).number(index));
    }

    function card(rule) {
        if (!cards.has(rule))
            cards.set(
                rule,
                ruleCard(context, rule, { move, remove, copy, items, environment, open: state.rules.length <= OPEN_AT_MOST }),
            );
        return cards.get(rule);
    }

    function dropped({ item, position }) {
        const rule = items.get(item);
        place(rule, position);
    }

    function place(rule, to) {
        const from = state.rules.indexOf(rule);
        if (from < 0 || to < 0 || to >= state.rules.length) return;
        state.rules.splice(from, 1);
        state.rules.splice(to, 0, rule);
        draw();
        context.changed();
        context.announce(`${rule.name || "The rule"} is now rule ${to + 1} of ${state.rules.length}.`);
    }

    function move(rule, by) {
        place(rule, state.rules.indexOf(rule) + by);
        card(rule).focus(by < 0 ? "up" : "down");
    }

    function add(rule, at = state.rules.length) {
        state.rules.splice(at, 0, rule);
        draw();
        card(rule).unfold();
        context.changed();
    }

    function copy(rule) {
        const made = structuredClone(rule);
        delete made.id;
        made.name = `${rule.name || "Rule"}, copy`.slice(0, 200);
        add(made, state.rules.indexOf(rule) + 1);
        card(made).focus("name");
        context.announce("Rule copied.");
    }

    function remove(rule) {
        const at = state.rules.indexOf(rule);
        state.rules.splice(at, 1);
        draw();
        context.changed();
        const back = button("Bring it back", {
            kind: "ed-quiet",
            press: () => {
                undo.replaceChildren();
                add(rule, Math.min(at, state.rules.length));
                card(rule).focus("name");
            },
        });
        undo.replaceChildren(`${rule.name || `Rule ${at + 1}`} is deleted. `, back);
        back.focus();
    }

    const adding = button("Add rule", {
        symbol: "add",
        press: () => {
            const rule = {
                name: "",
                if: { attribute: "", operator: "in", value: [] },
                serve: { variation: context.variations()[0]?.key ?? "" },
            };
            add(rule);
            card(rule).focus("name");
            context.announce(`Rule ${state.rules.length} added.`);
        },
    });

    draw();
    return h(
        "div",
        {},
        h("p", { class: "ed-note" }, "From the top: the first rule that matches, and lets the context in, decides."),
        context.problems.at(state, "rules"),
        list,
        empty,
        undo,
        h("div", { class: "ed-adds" }, adding),
    );
}
