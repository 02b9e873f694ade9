// All that the server refused, at the top of the page, each leading to its control.

import { h } from "./dom.js";
import { steps } from "./problems.js";

const WORDS = {
    if: "condition",
    serve: "serves",
    rollout_percentage: "percentage",
    ids: "ids",
    all: "",
    any: "",
    not: "",
};

/** A path in words: `rules[0].if.all[1].value` is "Rule 1, condition, part 2, value". */
export function placeInWords(path) {
    const parts = [];
    for (const step of steps(path)) {
        if (typeof step === "number") {
            const before = parts.pop() ?? "";
            parts.push(
                {
                    rules: `rule ${step + 1}`,
                    targets: `target ${step + 1}`,
                    prerequisites: `prerequisite ${step + 1}`,
                    variations: `variation ${step + 1}`,
                }[before] ?? `${before || "part"} ${step + 1}`.trim(),
            );
        } else {
            parts.push(WORDS[step] ?? step.replaceAll("_", " "));
        }
    }
    const words = parts.filter(Boolean).join(", ");
    return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {object[]} problems as kept @param {(problem) => void} open shows the problem's control */
export function problemSummary(problems, titles, open) {
    if (!problems.length) return null;
    return h(
        "section",
        { class: "ed-summary-box", role: "alert", "aria-label": "What was refused" },
        h("h2", { class: "ed-summary-title" }, "Nothing is saved yet. All that you typed is still here."),
        h(
            "ul",
            {},
            problems.map((problem) =>
                h(
                    "li",
                    {},
                    h(
                        "button",
                        { type: "button", class: "ed-link", on: { click: () => open(problem) } },
                        [titles.get(problem.where), placeInWords(problem.path)].filter(Boolean).join(": "),
                    ),
                    ` ${problem.message}`,
                ),
            ),
        ),
    );
}
