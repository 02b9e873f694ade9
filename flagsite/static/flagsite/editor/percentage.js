// A share in per cent, to a thousandth: a slider for hands, a number for exactness.

import { h, uid } from "./dom.js";

export const MOST = 100;
export const thousandths = (percentage) => Math.round((percentage ?? 0) * 1000);
export const percent = (count) => `${(count / 1000).toLocaleString("en", { maximumFractionDigits: 3 })} %`;

/** The two controls of `owner[field]`; `words` names them. */
export function percentage(context, owner, field, words, { otherwise = MOST } = {}) {
    const value = owner[field] ?? otherwise;
    const number = h("input", {
        type: "number",
        min: "0",
        max: "100",
        step: "0.001",
        class: "ed-input ed-percent",
        "aria-label": words,
        value,
        id: uid("percent"),
    });
    const slider = h("input", {
        type: "range",
        min: "0",
        max: "100",
        step: "any",
        class: "ed-slider",
        "aria-label": `${words}, slider`,
        value,
    });
    const paint = () => slider.style.setProperty("--ed-filled", `${slider.value}%`);
    const set = (wanted) => {
        owner[field] = wanted;
        slider.setAttribute("aria-valuetext", `${wanted} per cent`);
        paint();
        context.changed();
    };
    number.addEventListener("input", () => {
        const wanted = number.valueAsNumber;
        if (!Number.isNaN(wanted)) slider.value = wanted;
        set(Number.isNaN(wanted) ? null : wanted);
    });
    slider.addEventListener("input", () => {
        number.value = Math.round(slider.valueAsNumber); // by hand nobody means thousandths
        set(number.valueAsNumber);
    });
    slider.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
        if (!step) return;
        event.preventDefault();
        number.value = Math.min(MOST, Math.max(0, Math.round((owner[field] ?? otherwise) * 1000) / 1000 + step));
        slider.value = number.value;
        set(number.valueAsNumber);
    });
    paint();
    return h(
        "div",
        { class: "ed-percentage" },
        h("div", { class: "ed-together" }, slider, number, h("span", { "aria-hidden": "true" }, "%")),
        context.problems.at(owner, field, number),
    );
}
