// What moves the flag by itself in an environment: where that stands, and where it leads. The server says all of it.

import { button, h, icon, labelled } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {{name: string, rollout: ?object}} environment */
export function rolloutCard({ name, rollout }) {
    if (!rollout) return "";
    const { label, colour, sentences, links, watched, actions } = rollout;
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
        watched.length ? h("ul", { class: "ramp-watched", "aria-label": "Guardrails" }, watched.map(guardrail)) : "",
        actions.length
            ? h("div", { class: "ramp-steer", role: "group", "aria-label": "What can be done" }, actions.map(action))
            : "",
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

function guardrail({ sentence, words, colour, icon: sign }) {
    const found = h("span", { class: `pill pill-${colour} ramp-pill-icon` }, icon(sign), words);
    return h("li", {}, found, " ", sentence);
}

/** A button that says what it does, asks why, and then does it: what else is written on the page is not sent with it. */
function action({ words, icon: sign, told, address, version, kind }) {
    const why = h("input", { class: "ed-input", maxlength: "2000", autocomplete: "off", on: { keydown } });
    const press = () => send(address, { version, comment: why.value });
    const done = button(`Yes: ${words.toLowerCase()}`, { kind: kind || "ramp-go", press });
    function keydown(event) {
        if (event.key !== "Enter") return;
        event.preventDefault(); // it would send the flag
        done.click();
    }
    return h(
        "details",
        { class: "ramp-action", name: "ramp-action" },
        h("summary", { class: `ed-button ${kind}` }, icon(sign), words),
        h("div", { class: "ramp-sheet ed-card" }, h("p", {}, told), labelled("Why", why), h("div", {}, done)),
    );
}

function send(address, fields) {
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const named = Object.entries({ ...fields, csrfmiddlewaretoken: token });
    const form = h("form", { method: "post", action: address, hidden: true });
    form.append(...named.map(([name, value]) => h("input", { type: "hidden", name, value })));
    document.body.append(form);
    form.submit();
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
