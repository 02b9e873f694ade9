// The condition builder: a tree of conditions, drawn from the document and changing it in place.

import { comparison } from "./comparison.js";
import { button, focusIn, h, select } from "./dom.js";
import { writeJson } from "./json.js";
import { everyone, membership } from "./membership.js";

const JOINS = [
    ["all", "All of these are true"],
    ["any", "At least one of these is true"],
    ["not all", "Not all of these are true"],
    ["not any", "None of these is true"],
];
const MAKE = {
    condition: () => ({ attribute: "", operator: "in", value: [] }),
    segment: () => ({ segment: "" }),
    group: (joined) => ({ [joined === "any" ? "all" : "any"]: [{ attribute: "", operator: "in", value: [] }] }),
};

const joinOf = (condition) => (condition && ["all", "any"].find((name) => Array.isArray(condition[name]))) || null;

/**
 * The builder of `owner[field]`.
 * @param {{words: string, everyone: boolean, none: string}} options what it is called; whether "everyone" is offered;
 *   what an absent condition means
 */
export function conditionBuilder(context, owner, field, options) {
    const place = h("div", { class: "ed-tree", role: "group", "aria-label": options.words });
    const drawn = new Map();

    function draw({ focus = null, filling = false, add = null } = {}) {
        drawn.clear();
        place.replaceChildren(...root());
        if (focus && drawn.has(focus)) focusIn(drawn.get(focus), { filling });
        else if (add !== null) (drawn.get(add) ?? place).querySelector(".ed-adds button")?.focus();
    }

    function changed(after) {
        context.changed();
        draw(after);
    }

    function root() {
        const condition = owner[field];
        const fault = context.problems.at(owner, field);
        if (condition === null || typeof condition !== "object") {
            return [h("p", { class: "ed-empty" }, options.none), fault, adds(start, null)].filter(Boolean);
        }
        const remove = () => {
            owner[field] = null;
            context.announce("Condition removed.");
            changed({ add: null });
            place.querySelector(".ed-adds button")?.focus();
        };
        const shown = node(owner, field, remove);
        const lone = !joinOf(condition) && !joinOf(condition.not);
        return [shown, fault, lone && !condition.everyone && adds(join, condition)].filter(Boolean);
    }

    function start(kind) {
        owner[field] = MAKE[kind]("any");
        changed({ focus: owner[field], filling: true });
    }

    /** A second condition beside a lone one: both have to hold. */
    function join(kind) {
        const added = MAKE[kind]("all");
        owner[field] = { all: [owner[field], added] };
        context.announce("Added: both conditions have to be true.");
        changed({ focus: added, filling: true });
    }

    function adds(add, condition) {
        return h(
            "div",
            { class: "ed-adds" },
            button("Add condition", { symbol: "add", kind: "ed-quiet", press: () => add("condition") }),
            button("Add segment", { symbol: "group", kind: "ed-quiet", press: () => add("segment") }),
            button("Add group", { symbol: "data_object", kind: "ed-quiet", press: () => add("group") }),
            condition === null &&
                options.everyone &&
                button("Everyone", {
                    symbol: "public",
                    kind: "ed-quiet",
                    press: () => {
                        owner[field] = { everyone: true };
                        changed({ focus: owner[field] });
                    },
                }),
        );
    }

    function node(holder, at, remove) {
        const whole = holder[at];
        const negated = Boolean(whole && typeof whole === "object" && "not" in whole);
        const condition = negated ? whole.not : whole;
        const negate = () => {
            holder[at] = negated ? condition : { not: condition };
            changed({ focus: condition });
        };
        const surroundings = { negated, negate, remove };
        const element = shape(condition, whole, holder, at, surroundings);
        if (condition && typeof condition === "object") drawn.set(condition, element);
        return element;
    }

    function shape(condition, whole, holder, at, { negated, negate, remove }) {
        if (condition === null || typeof condition !== "object") return broken(condition, remove);
        if (joinOf(condition)) return group(condition, negated, holder, at, remove);
        if ("segment" in condition) return membership(context, condition, { negated, negate, remove });
        if ("attribute" in condition) return comparison(context, condition, { negated, negate, remove });
        if (condition.everyone === true && !negated) return everyone(context, condition, remove);
        return h(
            "div",
            { class: "ed-group ed-group-not", role: "group", "aria-label": "Not" },
            h(
                "div",
                { class: "ed-row" },
                h("span", { class: "ed-join ed-join-not" }, "NOT"),
                button("Remove NOT", { symbol: "close", bare: true, press: negate }),
            ),
            negated ? node(whole, "not", remove) : broken(condition, remove),
        );
    }

    function broken(condition, remove) {
        return h(
            "div",
            { class: "ed-line" },
            h(
                "div",
                { class: "ed-row" },
                h("code", { class: "ed-mono" }, writeJson(condition, 0) ?? ""),
                h("span", { class: "ed-note" }, "cannot be shown here; see the JSON view"),
                remove && button("Remove condition", { symbol: "close", bare: true, press: remove }),
            ),
        );
    }

    function group(condition, negated, holder, at, remove) {
        const joined = joinOf(condition);
        const parts = condition[joined];
        const word = joined === "all" ? "AND" : "OR";
        const turn = (chosen) => {
            const wanted = chosen.endsWith("all") ? "all" : "any";
            if (wanted !== joined) {
                condition[wanted] = parts;
                delete condition[joined];
            }
            holder[at] = chosen.startsWith("not ") ? { not: condition } : condition;
            changed({ focus: condition });
        };
        const add = (kind) => {
            const added = MAKE[kind](joined);
            parts.push(added);
            context.announce(`${kind === "group" ? "Group" : kind === "segment" ? "Segment" : "Condition"} added.`);
            changed({ focus: added, filling: true });
        };
        const drop = (index) => {
            parts.splice(index, 1);
            context.announce("Condition removed.");
            if (parts.length === 1) holder[at] = negated ? (parts[0].not ?? { not: parts[0] }) : parts[0];
            if (parts.length === 0) return remove();
            const near = parts[Math.min(index, parts.length - 1)];
            return changed({ focus: near?.not ?? near });
        };
        const how = select("How the conditions are joined", JOINS, negated ? `not ${joined}` : joined, turn);
        const gone = remove && button("Remove group", { symbol: "close", bare: true, press: remove });
        return h(
            "div",
            {
                class: `ed-group ed-group-${joined}`,
                role: "group",
                "aria-label": JOINS.find(([name]) => name === (negated ? `not ${joined}` : joined))[1],
            },
            h("div", { class: "ed-row" }, how, gone),
            context.problems.at(condition, joined),
            context.problems.at(condition, ""),
            h(
                "ol",
                { class: "ed-conditions" },
                parts.map((part, index) =>
                    h(
                        "li",
                        {},
                        index > 0 && h("span", { class: `ed-join ed-join-${joined}` }, word),
                        node(parts, index, () => drop(index)),
                    ),
                ),
            ),
            adds(add, condition),
        );
    }

    draw();
    context.ready.then(() => {
        if (!place.contains(document.activeElement)) draw(); // operators by the attributes' kinds, now that they are known
    });
    return place;
}
