// What moves the flag by itself in an environment: where that stands, and where it leads. The server says all of it.

import { h, icon } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {{name: string, rollout: ?object}} environment */
export function rolloutCard({ name, rollout }) {
    if (!rollout) return "";
    const { label, colour, sentences, links } = rollout;
    return h(
        "section",
        { class: "ed-card ramp-card", role: "region", "aria-label": `Ramp in ${name}` },
        h(
            "p",
            { class: "ramp-card-head" },
            h("b", { class: "ed-strong" }, "Ramp"),
            label && h("span", { class: `pill pill-${colour}` }, label),
        ),
        rollout.percentage === null ? "" : bar(rollout),
        sentences.map((sentence) => h("p", {}, sentence)),
        h(
            "p",
            { class: "ramp-card-links" },
            links.map(([words, address]) => h("a", { class: "ed-link", href: address }, words)),
        ),
    );
}

/** Beside the slider that a ramp moves. */
export function movedByRamp({ rollout }, rule) {
    if (!rollout || rollout.moves !== rule) return "";
    return h("p", { class: "ramp-moves" }, icon("moving"), "A ramp moves this. A change by hand pauses the ramp.");
}

function bar({ percentage, marks, bar: colour }) {
    const drawn = document.createElementNS(SVG, "svg");
    const add = (style, x, width) => {
        const part = document.createElementNS(SVG, "rect");
        for (const [key, value] of Object.entries({ class: style, x, width, y: 0, height: 8 })) part.setAttribute(key, value);
        drawn.append(part);
    };
    for (const [key, value] of Object.entries({
        class: "ramp-bar",
        viewBox: "0 0 100 8",
        preserveAspectRatio: "none",
        "aria-hidden": "true",
    }))
        drawn.setAttribute(key, value);
    add(`ramp-bar-in ramp-bar-${colour}`, 0, percentage);
    for (const mark of marks) add("ramp-bar-mark", mark, 0.25);
    return drawn;
}
