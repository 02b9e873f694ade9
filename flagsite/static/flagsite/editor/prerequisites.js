// Prerequisites: other flags that have to serve a variation first.

import { button, h, select } from "./dom.js";

export function prerequisiteList(context, state) {
    const { offers, problems } = context;
    const list = h("ol", { class: "ed-prerequisites", "aria-label": "Prerequisites" });
    const empty = h("p", { class: "ed-empty" }, "None: this flag depends on no other flag.");

    function draw(focus = null) {
        list.replaceChildren(...state.prerequisites.map(row));
        empty.hidden = state.prerequisites.length > 0;
        list.hidden = !empty.hidden;
        if (focus !== null) list.children[focus]?.querySelector("input")?.focus();
    }

    function row(entry, index) {
        const slot = h("span", { class: "ed-slot" });
        const wanted = async () => {
            const flag = entry.flag ? await offers.find("flags", entry.flag) : null;
            const options = (flag?.variations ?? []).map((one) => [
                one.key,
                one.name ? `${one.name} (${one.key})` : one.key,
            ]);
            if (flag && !entry.variation && options.length) {
                entry.variation = options[0][0];
                context.changed();
            }
            const choose = (key) => {
                entry.variation = key;
                context.changed();
            };
            const control = select("Variation that it has to serve", options, entry.variation, choose);
            const fault = problems.at(entry, "variation", control);
            const unknown = entry.flag && !flag && h("span", { class: "ed-note" }, "No flag has this key");
            slot.replaceChildren(...[control, unknown, fault].filter(Boolean));
        };
        const control = offers.input("flags", "Flag", entry.flag, {
            placeholder: "flag",
            typed: (text) => {
                entry.flag = text;
                context.changed();
            },
            left: () => {
                entry.variation = "";
                wanted();
            },
        });
        const remove = button("Remove prerequisite", {
            symbol: "close",
            bare: true,
            press: () => {
                state.prerequisites.splice(index, 1);
                draw();
                context.changed();
                context.announce("Prerequisite removed.");
                (
                    list.children[Math.min(index, state.prerequisites.length - 1)]?.querySelector("input") ?? adding
                ).focus();
            },
        });
        wanted();
        return h(
            "li",
            {},
            h(
                "div",
                { class: "ed-line", role: "group", "aria-label": `Prerequisite ${index + 1}` },
                h(
                    "div",
                    { class: "ed-row" },
                    h("span", { class: "ed-word" }, "The flag"),
                    control,
                    h("span", { class: "ed-word" }, "serves"),
                    slot,
                    remove,
                ),
                problems.at(entry, "flag", control),
                problems.at(entry, ""),
            ),
        );
    }

    const adding = button("Add prerequisite", {
        symbol: "add",
        kind: "ed-quiet",
        press: () => {
            state.prerequisites.push({ flag: "", variation: "" });
            draw(state.prerequisites.length - 1);
            context.changed();
        },
    });
    draw();
    return h("div", {}, problems.at(state, "prerequisites"), list, empty, h("div", { class: "ed-adds" }, adding));
}
