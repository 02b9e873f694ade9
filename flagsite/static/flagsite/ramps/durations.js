// Numbers with units: per cent, and durations as the REST API writes them (`30m`, `1h`, `2d`).

import { h } from "../editor/dom.js";

const UNITS = { s: "seconds", m: "minutes", h: "hours", d: "days", w: "weeks" };
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
const LARGEST_FIRST = ["w", "d", "h", "m"];

export const parts = (text) => /^(\d+)([smhdw])$/.exec(text ?? "")?.slice(1) ?? ["", "m"];

export const seconds = (text) => {
    const [number, unit] = parts(text);
    return Number(number) * SECONDS[unit];
};

/** A control for a number of per cent, with the sign behind it. */
export const inPerCent = (control) =>
    h("span", { class: "ed-together" }, control, h("span", { "aria-hidden": "true" }, "%"));

/** So many seconds in the largest unit that divides them. */
export function durationText(count) {
    const unit = LARGEST_FIRST.find((one) => count && count % SECONDS[one] === 0);
    return unit ? `${count / SECONDS[unit]}${unit}` : `${Math.round(count)}s`;
}

/** Two controls for a text; `set` is told the new one, "" when there is no number. */
export function duration(text, words, set, { id = null } = {}) {
    const [number, unit] = parts(text);
    const field = h("input", {
        type: "number",
        min: "0",
        step: "1",
        class: "ed-input ramp-number",
        "aria-label": words,
        value: number,
        id,
    });
    const shown = Object.entries(UNITS).filter(([key]) => key !== "s" || unit === "s");
    const choice = h(
        "select",
        { class: "ed-input", "aria-label": `${words}, unit` },
        shown.map(([key, name]) => h("option", { value: key, selected: key === unit }, name)),
    );
    const tell = () => set(field.value === "" ? "" : `${field.value}${choice.value}`);
    field.addEventListener("input", tell);
    choice.addEventListener("change", tell);
    return { element: h("span", { class: "ed-together" }, field, choice), control: field };
}
