// The ordered rules of an environment as cards: dragged, moved with buttons, copied, deleted and brought back.

import { conditionBuilder } from "./conditions.js";
import { button, h, icon, labelled, plural, uid } from "./dom.js";
import { percentage } from "./percentage.js";
import { bucketBy, serveEditor } from "./serve.js";
import { variationName } from "./swatches.js";

const OPEN_AT_MOST = 8;  // with more rules than these, cards start closed

export function ruleList(context, state) {
  const cards = new Map();  // by rule
  const items = new Map();  // by the key that dragging knows
  const empty = h("p", { class: "ed-empty" }, "No rules: the default rule decides for everybody who is not targeted.");
  const undo = h("div", { class: "ed-undo", role: "status" });
  const list = h("ol", {
    class: "ed-rules", "aria-label": "Rules",
    "x-sort": "$dispatch('ruledropped', { item: $item, position: $position })",
    "x-sort:config": "{ handle: '.ed-grip', animation: 150 }",
    on: { ruledropped: (event) => { event.stopPropagation(); dropped(event.detail); } },
  });

  function draw() {
    list.replaceChildren(...state.rules.map((rule) => card(rule).item));
    empty.hidden = state.rules.length > 0;
    state.rules.forEach((rule, index) => card(rule).number(index));
  }

  function card(rule) {
    if (!cards.has(rule)) cards.set(rule, ruleCard(context, rule, { move, remove, copy, items, open: state.rules.length <= OPEN_AT_MOST }));
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
    const back = button("Bring it back", { kind: "ed-quiet", press: () => {
      undo.replaceChildren();
      add(rule, Math.min(at, state.rules.length));
      card(rule).focus("name");
    } });
    undo.replaceChildren(`${rule.name || `Rule ${at + 1}`} is deleted. `, back);
    back.focus();
  }

  const adding = button("Add rule", { symbol: "add", press: () => {
    const rule = { name: "", if: { attribute: "", operator: "in", value: [] }, serve: { variation: context.variations()[0]?.key ?? "" } };
    add(rule);
    card(rule).focus("name");
    context.announce(`Rule ${state.rules.length} added.`);
  } });

  draw();
  return h("div", {}, h("p", { class: "ed-note" }, "From the top: the first rule that matches, and lets the context in, decides."),
    context.problems.at(state, "rules"), list, empty, undo, h("div", { class: "ed-adds" }, adding));
}

function ruleCard(context, rule, { move, remove, copy, items, open }) {
  const key = uid("rule");
  items.set(key, rule);
  const heading = h("h3", { class: "ed-card-title", id: uid("title") });
  const brief = h("span", { class: "ed-brief" });
  const body = h("div", { class: "ed-card-body", id: uid("body"), hidden: true });
  const folding = button("Open or close the rule", { symbol: "expand_more", bare: true, kind: "ed-fold", "aria-expanded": "false", "aria-controls": body.id, press: () => fold() });
  const up = button("Move up", { symbol: "arrow_upward", bare: true, press: () => move(rule, -1) });
  const down = button("Move down", { symbol: "arrow_downward", bare: true, press: () => move(rule, 1) });
  const section = h("section", { class: "ed-card", role: "group", "aria-labelledby": heading.id },
    h("header", { class: "ed-card-head" },
      h("span", { class: "ed-grip", "aria-hidden": "true", title: "Drag to reorder" }, icon("drag_indicator")), heading, brief,
      h("span", { class: "ed-card-tools" }, up, down,
        button("Copy rule", { symbol: "content_copy", bare: true, press: () => copy(rule) }),
        button("Delete rule", { symbol: "delete", bare: true, kind: "ed-danger", press: () => remove(rule) }), folding)),
    context.problems.at(rule, ""), body);
  const item = h("li", { "x-sort:item": `'${key}'` }, section);
  let number = 0;
  let name = null;

  function title() {
    heading.replaceChildren(h("span", { class: "ed-number" }, `Rule ${number + 1}`), rule.name ? `: ${rule.name}` : "");
    const share = rule.rollout_percentage ?? 100;
    const served = rule.serve?.split ? `a split of ${plural(rule.serve.split.length, "variation")}` : variationName(context, rule.serve?.variation);
    brief.textContent = `serves ${served}${share === 100 ? "" : `, to ${share} %`}`;
  }

  function build() {
    const input = ({ target }) => {
      rule.name = target.value;
      title();
      context.changed();
    };
    name = h("input", { type: "text", class: "ed-input", maxlength: "200", placeholder: "Who is this for?", value: rule.name ?? "", on: { input } });
    const told = { words: "If", everyone: true, none: "No condition yet. Nothing is implicit: add one, or choose everyone." };
    body.append(
      labelled("Name", name), context.problems.at(rule, "name", name) ?? "",
      h("div", { class: "ed-part" }, h("h4", { class: "ed-part-title" }, "If"), conditionBuilder(context, rule, "if", told)),
      h("div", { class: "ed-part" }, h("h4", { class: "ed-part-title" }, "Then serve"), serveEditor(context, rule, "serve", "Then serve")),
      h("div", { class: "ed-part ed-columns" },
        h("div", { class: "ed-field" }, h("span", { class: "ed-label", "aria-hidden": "true" }, "To this share of those who match"),
          percentage(context, rule, "rollout_percentage", "Rollout percentage of the rule")),
        bucketBy(context, rule, "serve")),
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
