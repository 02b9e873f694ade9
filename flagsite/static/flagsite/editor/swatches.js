// How a variation is shown wherever it is named: its name, its key, its colour (by its place among the variations).

import { h, select } from "./dom.js";

const COLOURS = 10;

export const colourAt = (index) => (index < 0 ? "none" : String(index % COLOURS));

export function variationName(context, key) {
    const found = context.variations().find((variation) => variation.key === key);
    return found?.name ? `${found.name} (${key})` : key || "nothing";
}

export function swatch(context, key) {
    return h("span", { class: "ed-swatch", "data-colour": context.colour(key), "aria-hidden": "true" });
}

export function variationSelect(context, words, key, choose) {
    const options = context.variations().map((variation) => [variation.key, variationName(context, variation.key)]);
    return select(words, options, key, choose);
}
