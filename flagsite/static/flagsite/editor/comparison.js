// One line of a condition: attribute, operator, value.

import { button, h, uid } from "./dom.js";
import { valueControls } from "./values.js";

/** @param {{negated: boolean, negate: () => void, remove: (() => void) | null}} place what the line's surroundings do */
export function comparison(context, condition, { negated, negate, remove }) {
    const { vocabulary, offers, problems } = context;
    const line = h("div", { class: "ed-line", role: "group", "aria-label": "Condition" });
    const choice = h("select", {
        class: "ed-input",
        "aria-label": "Operator",
        on: { change: ({ target }) => turn(target.value) },
    });
    const value = h("span", { class: "ed-slot ed-slot-value" });
    const faults = h("div", { class: "ed-faults" });

    const attribute = offers.input("attributes", "Attribute", condition.attribute, {
        placeholder: "attribute",
        typed: (text) => {
            condition.attribute = text;
            context.changed();
        },
        left: () => setTimeout(settle), // not before the focus has arrived where it is going
    });

    /** What it is compared with follows what the attribute is; what somebody has begun to type there stays. */
    function settle() {
        const focused = value.contains(document.activeElement);
        if (focused && document.activeElement.matches("input:not([type=checkbox])") && document.activeElement.value) {
            return drawOperators();
        }
        const kinds = offers.kinds(condition.attribute);
        const operator = vocabulary.find(condition.operator);
        const blank = condition.value === undefined || condition.value === "" || condition.value?.length === 0;
        if (kinds.length && blank && operator) {
            const fits = (one) => one.fits.some((kind) => kinds.includes(kind));
            turn((fits(operator) ? operator : (vocabulary.operators.find(fits) ?? operator)).name);
        }
        drawOperators();
        if (offers.values(condition.attribute)) drawValue();
        if (focused && !value.contains(document.activeElement)) value.querySelector("input, select")?.focus();
        return undefined;
    }

    function turn(name) {
        const operator = vocabulary.find(name);
        if (!operator) return;
        context.kinds.delete(condition);
        vocabulary.carry(condition, operator, offers.kinds(condition.attribute)[0]);
        context.changed();
        drawValue();
    }

    function drawOperators() {
        const groups = [...vocabulary.groups(offers.kinds(condition.attribute))].map(([title, entries]) =>
            h(
                "optgroup",
                { label: title },
                entries.map((one) =>
                    h(
                        "option",
                        { value: one.name, title: one.meaning, selected: one.name === condition.operator },
                        vocabulary.words(one),
                    ),
                ),
            ),
        );
        const unknown = vocabulary.find(condition.operator)
            ? []
            : [h("option", { value: "", selected: true }, condition.operator || "Choose…")];
        choice.replaceChildren(...unknown, ...groups); // the control itself stays: the focus may be on its way there
    }

    function drawValue(focus = false) {
        const operator = vocabulary.find(condition.operator);
        const controls = operator ? valueControls(context, condition, operator, () => drawValue(true)) : [];
        const parts = [...controls, operator?.folds && texts(condition) && caseToggle()].filter(Boolean);
        value.replaceChildren(...parts);
        const control = controls[0]?.control ?? controls[0]?.querySelector("input, select") ?? controls[0];
        faults.replaceChildren(
            ...[
                problems.at(condition, "attribute", attribute),
                problems.at(condition, "value", control),
                problems.at(condition, "ignore_case"),
                problems.at(condition, ""),
            ].filter(Boolean),
        );
        if (focus) value.querySelector(".ed-kind")?.focus();
    }

    function caseToggle() {
        const id = uid("case");
        const change = ({ target }) => {
            if (target.checked) condition.ignore_case = true;
            else delete condition.ignore_case;
            context.changed();
        };
        const box = h("input", {
            type: "checkbox",
            id,
            class: "ed-check",
            checked: condition.ignore_case === true,
            on: { change },
        });
        return h("label", { class: "ed-case", for: id }, box, "Ignore case");
    }

    const opposite = vocabulary.find(condition.operator)?.opposite;
    const not =
        (negated || !opposite) &&
        button("Not", {
            kind: "ed-toggle",
            "aria-pressed": String(negated),
            press: negate,
            title: "Turn the condition into its opposite",
        });
    const gone = remove && button("Remove condition", { symbol: "close", bare: true, press: remove });
    drawOperators();
    drawValue();
    const operators = h(
        "span",
        { class: "ed-slot ed-slot-operator" },
        choice,
        problems.at(condition, "operator", choice),
    );
    const row = h("div", { class: "ed-row" }, not, attribute, operators, value, gone);
    line.append(row, faults);
    return line;
}

function texts(condition) {
    return [condition.value].flat().some((value) => typeof value === "string");
}
