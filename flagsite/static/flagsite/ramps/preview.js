// What the ramp would do: asked of the server, which reads steps and guardrails as it will when they are sent.

import { h } from "../editor/dom.js";

const PATIENCE = 300; // milliseconds without typing

/**
 * @param {{sent: () => FormData, first: number}} of what would be sent, and how many steps there are before its own
 * @param {(found: object) => void} told who is told the answer
 */
export function preview(place, address, { sent, first: before }, told) {
    let due = null;
    let asked = 0;
    const status = h("p", { class: "ramp-length", role: "status" });
    const rest = h("div", {});
    place.append(status, rest);

    async function ask() {
        const mine = ++asked;
        const answer = await fetch(address, { method: "POST", body: sent(), headers: { Accept: "application/json" } });
        if (!answer.ok || answer.redirected || mine !== asked) return; // redirected: the session has ended
        const found = await answer.json();
        if (mine !== asked) return;
        show(found);
        told(found);
    }

    function show({ first, loud, stops, length, problems }) {
        const words = stops.length ? `${stops.length} ${stops.length === 1 ? "step" : "steps"}, ${length} in all.` : "";
        if (status.textContent !== words) status.textContent = words;
        rest.replaceChildren(
            first ? h("p", { class: loud ? "ramp-loud" : "ramp-calm" }, first) : "",
            h(
                "ol",
                { class: "ramp-stops" },
                stops.map(({ percentage, when, waits }) =>
                    h(
                        "li",
                        { class: "ramp-stop ramp-stop-pending" },
                        h("span", { class: "ramp-share" }, percentage),
                        h("span", { class: "ramp-stop-told" }, when, waits && h("span", { class: "ed-note ramp-stop-holds" }, waits)),
                    ),
                ),
            ),
            problems.length
                ? h(
                      "div",
                      { class: "ramp-problems" },
                      h("p", { class: "ed-strong" }, "Not whole yet"),
                      h("ul", {}, [...firstOfEach(problems, before)].map(([where, message]) => h("li", {}, `${where}${message}`))),
                  )
                : "",
        );
    }

    return () => {
        clearTimeout(due);
        due = setTimeout(ask, PATIENCE);
    };
}

/** What is wrong first at each step and guardrail. */
function firstOfEach(problems, before) {
    const found = new Map();
    for (const { path, message } of problems) {
        const where = inWords(path, before);
        if (!found.has(where)) found.set(where, message);
    }
    return found;
}

/** `steps[1].percentage` as people say it. */
function inWords(path, before) {
    const [, what, place] = /^(step|guardrail)s\[(\d+)\]/.exec(path) ?? [];
    if (!what) return "";
    return what === "step" ? `Step ${before + Number(place) + 1}: ` : `Guardrail ${Number(place) + 1}: `;
}
