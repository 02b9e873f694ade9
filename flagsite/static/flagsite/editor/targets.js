// Individual targets: for each variation the ids that always get it, as chips or as a text with one id per line.

import { chips } from "./chips.js";
import { button, h, plural, uid } from "./dom.js";
import { swatch, variationName } from "./swatches.js";

export function targetList(context, state) {
    const place = h("div", { class: "ed-targets" });
    let shown = false; // as long as nobody is targeted, a button stands for the lists

    const target = (key) => state.targets.find((one) => one.variation === key);

    function set(key, ids) {
        const present = target(key);
        if (ids.length && present) present.ids = ids;
        else if (ids.length) state.targets.push({ variation: key, ids });
        else state.targets = state.targets.filter((one) => one !== present);
        const others = new Set(state.targets.filter((one) => one.variation !== key).flatMap((one) => one.ids));
        const twice = ids.filter((id) => others.has(id));
        if (twice.length)
            context.announce(
                `${plural(twice.length, "id")} targeted to another variation too: ${twice.slice(0, 3).join(", ")}.`,
            );
        context.changed();
    }

    function row(key) {
        const present = target(key);
        const words = `Ids that get ${variationName(context, key)}`;
        const slot = h("div", { class: "ed-target-ids" });
        let asText = false;

        function draw() {
            const items = target(key)?.ids ?? [];
            if (asText) slot.replaceChildren(text(items));
            else
                slot.replaceChildren(
                    chips(words, {
                        items,
                        changed: (ids) => set(key, ids),
                        announce: context.announce,
                        placeholder: "Type or paste ids…",
                    }).element,
                );
        }

        function text(items) {
            const input = ({ target: area }) =>
                set(key, [
                    ...new Set(
                        area.value
                            .split("\n")
                            .map((line) => line.trim())
                            .filter(Boolean),
                    ),
                ]);
            return h("textarea", {
                class: "ed-input ed-mono",
                rows: "6",
                "aria-label": `${words}, one per line`,
                value: items.join("\n"),
                on: { input },
            });
        }

        const turn = button("Edit as text", {
            kind: "ed-quiet",
            symbol: "notes",
            "aria-pressed": "false",
            "aria-label": `${words}: edit as text`,
            press: () => {
                asText = !asText;
                turn.setAttribute("aria-pressed", String(asText));
                draw();
                slot.querySelector("textarea, input")?.focus();
            },
        });
        draw();
        return h(
            "div",
            {
                class: "ed-target",
                role: "group",
                "aria-label": `Targeted to ${variationName(context, key)}`,
                id: uid("target"),
            },
            h(
                "div",
                { class: "ed-row ed-spread" },
                h("span", { class: "ed-row" }, swatch(context, key), variationName(context, key)),
                turn,
            ),
            slot,
            present && context.problems.at(present, "ids", slot.querySelector("input")),
            present && context.problems.at(present, "variation"),
            present && context.problems.at(present, ""),
        );
    }

    function draw() {
        if (!shown && !state.targets.length) {
            place.replaceChildren(
                h("p", { class: "ed-empty" }, "None: nobody is singled out."),
                h(
                    "div",
                    { class: "ed-adds" },
                    button("Target ids", {
                        symbol: "add",
                        kind: "ed-quiet",
                        press: () => {
                            shown = true;
                            draw();
                            place.querySelector("input").focus();
                        },
                    }),
                ),
            );
            return;
        }
        shown = true;
        const known = context.variations().map((variation) => variation.key);
        const stray = state.targets.map((one) => one.variation).filter((key) => !known.includes(key));
        place.replaceChildren(context.problems.at(state, "targets") ?? "", ...[...known, ...stray].map(row));
    }

    draw();
    context.onVariations(place, draw);
    return place;
}
