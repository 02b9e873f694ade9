// What a rule, or the default rule, serves: one variation, or a split of them by weights to a thousandth of a per cent.

import { button, h, labelled, uid } from "./dom.js";
import { MOST, percent, thousandths } from "./percentage.js";
import { swatch, variationName, variationSelect } from "./swatches.js";

const WHOLE = MOST * 1000;

/** The controls of `owner[field]`, a serve. */
export function serveEditor(context, owner, field, words) {
    const place = h("div", { class: "ed-serve", role: "group", "aria-label": words });

    function draw(focus = null) {
        const serve =
            owner[field] && typeof owner[field] === "object" ? owner[field] : (owner[field] = { variation: "" });
        place.replaceChildren(
            way(serve),
            ...("split" in serve ? split(context, serve) : single(serve)),
            context.problems.at(serve, "") ?? "",
            context.problems.at(owner, field) ?? "",
        );
        if (focus) place.querySelector(focus)?.focus();
    }

    function way(serve) {
        const name = uid("way");
        const choice = (words, kind) => {
            const id = uid("choice");
            const change = () => {
                turn(serve, kind);
                draw(`input[value=${kind}]`);
            };
            return h(
                "label",
                { class: "ed-choice", for: id },
                h("input", { type: "radio", id, name, value: kind, checked: kind in serve, form: "", on: { change } }),
                words,
            );
        };
        return h(
            "div",
            { class: "ed-choices", role: "radiogroup", "aria-label": "How it serves" },
            choice("One variation", "variation"),
            choice("Split", "split"),
        );
    }

    function turn(serve, kind) {
        const keys = context.variations().map((variation) => variation.key);
        const bucket = serve.bucket_by === undefined ? {} : { bucket_by: serve.bucket_by };
        owner[field] =
            kind === "split"
                ? { split: even(keys), ...bucket }
                : { variation: serve.split?.[0]?.variation ?? keys[0] ?? "", ...bucket };
        context.changed();
    }

    function single(serve) {
        const control = variationSelect(context, "Serves", serve.variation, (key) => {
            serve.variation = key;
            context.changed();
            draw("select");
        });
        return [
            h("div", { class: "ed-row" }, swatch(context, serve.variation), control),
            context.problems.at(serve, "variation", control) ?? "",
        ];
    }

    draw();
    context.onVariations(place, () => draw());
    return place;
}

/** Equal weights that sum to exactly 100 %: what is left over goes to the first ones. */
export function even(keys) {
    const each = Math.floor(WHOLE / Math.max(1, keys.length));
    const over = WHOLE - each * keys.length;
    return keys.map((variation, index) => ({ variation, weight: (each + (index < over ? 1 : 0)) / 1000 }));
}

function split(context, serve) {
    const known = context.variations().map((variation) => variation.key);
    const order = [...known, ...serve.split.map((share) => share.variation).filter((key) => !known.includes(key))];
    const bar = h("div", { class: "ed-bar", "aria-hidden": "true" });
    const total = h("p", { class: "ed-total", role: "status" });
    const inputs = new Map();

    const share = (key) => serve.split.find((one) => one.variation === key);

    function weigh(key, weight) {
        const present = share(key);
        if (weight === null) serve.split = serve.split.filter((one) => one !== present);
        else if (present) present.weight = weight;
        else serve.split.push({ variation: key, weight });
        context.changed();
        paint();
    }

    function paint() {
        const sum = serve.split.reduce((found, one) => found + thousandths(one.weight), 0);
        bar.replaceChildren(
            ...serve.split
                .filter((one) => one.weight > 0)
                .map((one) => {
                    const part = h("span", {
                        class: "ed-bar-part",
                        "data-colour": context.colour(one.variation),
                        title: `${variationName(context, one.variation)}: ${percent(thousandths(one.weight))}`,
                    });
                    part.style.flexGrow = String(one.weight);
                    return part;
                }),
        );
        if (sum < WHOLE) {
            const rest = h("span", { class: "ed-bar-part ed-bar-rest" });
            rest.style.flexGrow = String((WHOLE - sum) / 1000);
            bar.append(rest);
        }
        const left =
            sum < WHOLE
                ? `, ${percent(WHOLE - sum)} left to give`
                : sum > WHOLE
                  ? `, ${percent(sum - WHOLE)} too much`
                  : "";
        total.textContent = `Sum ${percent(sum)}${left}`;
        total.classList.toggle("ed-total-wrong", sum !== WHOLE);
    }

    const rows = order.map((key) => {
        const input = ({ target }) => weigh(key, Number.isNaN(target.valueAsNumber) ? null : target.valueAsNumber);
        const control = h("input", {
            type: "number",
            min: "0",
            max: "100",
            step: "0.001",
            class: "ed-input ed-percent",
            placeholder: "0",
            "aria-label": `Weight of ${variationName(context, key)}`,
            value: share(key)?.weight ?? "",
            on: { input },
        });
        inputs.set(key, control);
        const present = share(key);
        return h(
            "li",
            { class: "ed-share" },
            swatch(context, key),
            h("span", { class: "ed-share-name" }, variationName(context, key)),
            control,
            h("span", { "aria-hidden": "true" }, "%"),
            button("Give the rest", {
                kind: "ed-quiet",
                "aria-label": `Give the rest to ${variationName(context, key)}`,
                press: () => rest(key),
            }),
            present &&
                (context.problems.at(present, "weight", control) ??
                    context.problems.at(present, "variation", control) ??
                    context.problems.at(present, "", control)),
        );
    });

    function rest(key) {
        const others = serve.split.reduce(
            (found, one) => found + (one.variation === key ? 0 : thousandths(one.weight)),
            0,
        );
        const weight = Math.max(0, WHOLE - others) / 1000;
        inputs.get(key).value = weight;
        weigh(key, weight);
        inputs.get(key).focus();
    }

    function evenly() {
        serve.split = even(order);
        for (const one of serve.split) inputs.get(one.variation).value = one.weight;
        context.changed();
        paint();
    }

    paint();
    return [
        bar,
        h("ul", { class: "ed-shares" }, rows),
        h(
            "div",
            { class: "ed-row ed-spread" },
            total,
            button("Split evenly", { kind: "ed-quiet", symbol: "balance", press: evenly }),
        ),
        context.problems.at(serve, "split") ?? "",
    ];
}

/** Which attribute decides about the bucket; `owner[field]` is a serve. */
export function bucketBy(context, owner, field) {
    const serve = () => owner[field];
    const control = context.offers.input("attributes", "Bucket by", serve().bucket_by ?? "", {
        placeholder: "id",
        typed: (text) => {
            if (text) serve().bucket_by = text;
            else delete serve().bucket_by;
            context.changed();
        },
    });
    return h(
        "div",
        {},
        labelled("Bucket by", control, { note: "Contexts with the same value fall into the same bucket." }),
        context.problems.at(serve(), "bucket_by", control),
    );
}
