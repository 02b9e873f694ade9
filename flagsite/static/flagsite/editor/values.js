// What a condition compares with: an input that fits the operator and the kind of the value.

import { chips } from "./chips.js";
import { h, select } from "./dom.js";
import { readNumber } from "./json.js";
import { KINDS, kindOf } from "./vocabulary.js";

const UNITS = [
    ["s", "seconds"],
    ["m", "minutes"],
    ["h", "hours"],
    ["d", "days"],
    ["w", "weeks"],
];
const HINTS = { version: "1.4.0", address: "192.0.2.0/24", text: "" };

/** The controls of a condition's value; `redraw` draws them again when the kind of the value changes. */
export function valueControls(context, condition, operator, redraw) {
    const { vocabulary } = context;
    const set = (value) => {
        condition.value = value;
        context.changed();
    };
    if (operator.choices.length) {
        return [
            select(
                "Value",
                operator.choices.map((unit) => [unit, unit]),
                condition.value,
                set,
            ),
        ];
    }
    if (!operator.one.length && !operator.many.length) return [];
    const kinds = operator.one.length ? operator.one : operator.many;
    const list = Boolean(operator.many.length);
    const first = [condition.value].flat()[0];
    const seen = first === undefined && context.offers.kinds(condition.attribute).find((kind) => kinds.includes(kind));
    const kind = context.kinds.get(condition) ?? (seen || vocabulary.kind(operator, first));
    const turn = (wanted) => {
        context.kinds.set(condition, wanted);
        if (!list) set(converted(condition.value, wanted));
        redraw();
    };
    const choice =
        kinds.length > 1
            ? [
                  select(
                      "Type of the value",
                      kinds.map((own) => [
                          own,
                          own === "number" && kinds.includes("time") ? "Seconds since 1970" : KINDS[own],
                      ]),
                      kind,
                      turn,
                      { class: "ed-input ed-kind" },
                  ),
              ]
            : [];
    const seenValues = context.offers.values(condition.attribute);
    const control = list
        ? listed(context, condition, operator, kind, set, seenValues)
        : single(kind, condition.value, set, seenValues);
    return [control, ...choice];
}

function listed(context, condition, operator, kind, set, list) {
    const items = condition.value === undefined || condition.value === "" ? [] : [condition.value].flat();
    const { element, control } = chips("Values", {
        items,
        read: (text) => read(kind, text),
        placeholder: kind === "boolean" ? "true or false" : HINTS[kind] || "Add a value…",
        announce: context.announce,
        list,
        changed: (values) => set(values.length === 1 && operator.one.length ? values[0] : values),
    });
    element.control = control;
    return element;
}

function single(kind, value, set, list) {
    const look = { class: "ed-input", "aria-label": "Value", autocomplete: "off" };
    switch (kind) {
        case "number": {
            const input = ({ target }) => set(readNumber(target.value));
            return h("input", { ...look, type: "number", list, step: "any", value: value ?? "", on: { input } });
        }
        case "boolean":
            return select(
                "Value",
                [
                    ["true", "true"],
                    ["false", "false"],
                ],
                String(value),
                (text) => set(text === "true"),
            );
        case "duration":
            return duration(value, set);
        case "time":
            return time(value, set, look);
        default: {
            const input = ({ target }) => set(target.value);
            return h("input", {
                ...look,
                type: "text",
                list,
                spellcheck: "false",
                placeholder: HINTS[kind] ?? "",
                value,
                on: { input },
            });
        }
    }
}

function duration(value, set) {
    const [, count = "", unit = "d"] = /^(\d+)([smhdw])$/.exec(value ?? "") ?? [];
    const number = h("input", {
        type: "number",
        min: "1",
        step: "1",
        class: "ed-input ed-short",
        "aria-label": "Value",
        value: count,
    });
    const units = select("Unit", UNITS, unit, () => set(`${number.value}${units.value}`));
    number.addEventListener("input", () => set(`${number.value}${units.value}`));
    return h("span", { class: "ed-together" }, number, units);
}

/** A date and time in UTC; one that is written with another offset stays a text. */
function time(value, set, look) {
    const found = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?[Zz]$/.exec(value ?? "");
    if (value && !found) {
        return h("input", { ...look, type: "text", value, on: { input: ({ target }) => set(target.value) } });
    }
    const shown = found ? `${found[1]}T${found[2]}${found[3] ?? ""}` : "";
    const input = ({ target }) => set(target.value ? `${target.value}${target.value.length === 16 ? ":00" : ""}Z` : "");
    const control = h("input", {
        ...look,
        type: "datetime-local",
        step: "1",
        "aria-label": "Value, in UTC",
        value: shown,
        on: { input },
    });
    return h("span", { class: "ed-together" }, control, h("span", { class: "ed-note", "aria-hidden": "true" }, "UTC"));
}

function read(kind, text) {
    if (kind === "number") return readNumber(text) ?? undefined;
    if (kind === "boolean") return { true: true, false: false, yes: true, no: false }[text.toLowerCase()];
    return text;
}

function converted(value, kind) {
    if (kindOf(value) === kind && value !== null) return value;
    const made = kind === "number" || kind === "boolean" ? read(kind, String(value ?? "")) : String(value ?? "");
    return made ?? { number: null, boolean: true }[kind];
}
