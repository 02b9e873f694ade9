// A segment in a condition, chosen by its key, with a peek at who is in it; and everyone.

import { button, h, plural, select, uid } from "./dom.js";

export function membership(context, condition, { negated, negate, remove }) {
    const { offers, problems } = context;
    const peek = h("div", { class: "ed-peek", id: uid("peek"), hidden: true });
    const name = h("span", { class: "ed-note" });
    const title = () => {
        const found = offers.known("segments", condition.segment);
        name.textContent = found ? found.name : condition.segment ? "No segment has this key" : "";
    };
    const look = button("Who is in it?", {
        symbol: "visibility",
        kind: "ed-quiet",
        "aria-expanded": "false",
        "aria-controls": peek.id,
        press: toggle,
    });

    async function toggle() {
        peek.hidden = !peek.hidden;
        look.setAttribute("aria-expanded", String(!peek.hidden));
        if (!peek.hidden) await show();
    }

    async function show() {
        const found = condition.segment ? await offers.peek(condition.segment) : {};
        peek.replaceChildren(...(found.key ? told(found) : [h("p", {}, "There is no segment of this key.")]));
    }

    const change = async () => {
        if (condition.segment) await offers.find("segments", condition.segment);
        title();
        if (!peek.hidden) show();
    };
    const control = offers.input("segments", "Segment", condition.segment, {
        placeholder: "segment",
        typed: (text) => {
            condition.segment = text;
            context.changed();
        },
        left: change,
    });
    const way = select(
        "Membership",
        [
            ["in", "is in the segment"],
            ["out", "is not in the segment"],
        ],
        negated ? "out" : "in",
        negate,
    );
    const gone = remove && button("Remove segment", { symbol: "close", bare: true, press: remove });
    const fault = problems.at(condition, "segment", control) ?? problems.at(condition, "", control);
    context.ready.then(change);
    return h(
        "div",
        { class: "ed-line", role: "group", "aria-label": "Segment" },
        h("div", { class: "ed-row" }, h("span", { class: "ed-word" }, "The context"), way, control, name, look, gone),
        fault,
        peek,
    );
}

function told(segment) {
    return [
        h("p", { class: "ed-strong" }, segment.name || segment.key),
        segment.description && h("p", {}, segment.description),
        h("p", {}, segment.words ? `In when ${segment.words}.` : "No condition: only who is listed."),
        h(
            "p",
            { class: "ed-note" },
            `${plural(segment.included, "id")} listed in, ${plural(segment.excluded, "id")} listed out. `,
            h("a", { class: "ed-link", href: segment.address, target: "_blank" }, "Open the segment"),
        ),
    ].filter(Boolean);
}

export function everyone(context, condition, remove) {
    return h(
        "div",
        { class: "ed-line", role: "group", "aria-label": "Everyone" },
        h(
            "div",
            { class: "ed-row" },
            h("span", { class: "ed-everyone" }, "Everyone"),
            h("span", { class: "ed-note" }, "matches every context"),
            remove && button("Remove everyone", { symbol: "close", bare: true, press: remove }),
        ),
        context.problems.at(condition, ""),
    );
}
