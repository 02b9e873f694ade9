// The page of a flag: puts the parts together around the form's own fields, which are what is sent.

import { Context } from "./context.js";
import { h, liveRegion } from "./dom.js";
import { Drafts } from "./drafts.js";
import { environmentPanel } from "./environment.js";
import { Offers } from "./offers.js";
import { Problems } from "./problems.js";
import { Source } from "./source.js";
import { staleBox } from "./stale.js";
import { problemSummary } from "./summary.js";
import { tabs } from "./tabs.js";
import { unsavedNote } from "./unsaved.js";
import { variationEditor } from "./variations.js";
import { Vocabulary } from "./vocabulary.js";

const IN_STATE = /^states\[([^\]]*)\]\.?(.*)$/;

const root = document.getElementById("flag-editor");
if (root) open(root, JSON.parse(root.dataset.page));

function open(root, page) {
    const form = root.closest("form");
    const drafts = new Drafts(root);
    const holdsTyped = drafts.broughtBack() || page.refused;
    const announce = liveRegion(root);
    const problems = new Problems();
    const shared = new Source({ variations: page.variations });
    const details = document.getElementById("flag-details");
    let detailsChanged = false;

    const sharedState = shared.read();
    sharedState.variations ??= [];
    const states = new Map(
        page.environments.map((environment) => {
            const source = new Source(environment.fields);
            return [environment.key, { environment, source, state: repaired(source.read()) }];
        }),
    );
    place(page.problems);

    const offers = new Offers(root, page.addresses, page.project);
    const ready = offers.start();
    const vocabulary = new Vocabulary(page.operators);
    const variations = () => sharedState.variations;
    const contexts = new Map();
    for (const [key, one] of states) {
        contexts.set(
            key,
            new Context({
                vocabulary,
                offers,
                problems,
                announce,
                ready,
                variations,
                after: () => stateChanged(key, one),
            }),
        );
    }

    const entries = [...states].map(([key, { environment, source, state }]) => ({
        key,
        words: environment.name,
        build: () => environmentPanel(contexts.get(key), environment, state, source.names),
    }));
    const chosen = tabs("Environments and what they share", [
        ...entries,
        { key: "variations", words: "Variations", apart: true, build: variationsPanel },
        {
            key: "details",
            words: "Details",
            apart: true,
            build: () => {
                details.hidden = false;
                return details;
            },
        },
    ]);
    const unsaved = unsavedNote(form, changedParts);
    const titles = new Map([
        ...[...states].map(([key, { environment }]) => [key, environment.name]),
        ["variations", "Variations"],
        ["details", "Details"],
    ]);

    root.append(
        ...[
            !holdsTyped && drafts.offer(),
            page.stale && staleBox(form, page.versions),
            problemSummary(problems.all, titles, show),
            chosen.list,
            chosen.panels,
        ].filter(Boolean),
    );
    (document.getElementById("unsaved-place") ?? root).append(unsaved.element);
    mark();
    unsaved.refresh();
    chosen.choose(first(), { keep: false });
    if (problems.all.length) root.querySelector(".ed-summary-box button")?.focus();

    form.addEventListener("input", ({ target }) => {
        if (!target.name || target.form !== form) return;
        detailsChanged = true;
        unsaved.refresh();
    });
    form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target.matches("#flag-editor input:not([type=submit])"))
            event.preventDefault();
    });
    form.addEventListener("submit", (event) => {
        sessionStorage.setItem(location.pathname, chosen.chosen); // where a refusal leads back to
        for (const context of contexts.values()) context.flush();
        const broken = [...contexts].find(([, context]) => context.views.some((view) => view.broken));
        const invalid = root.querySelector("textarea:invalid");
        if (!broken && !invalid) {
            drafts.keep();
            return;
        }
        event.preventDefault();
        unsaved.stay();
        chosen.choose(broken ? broken[0] : "variations");
        if (broken) broken[1].views.find((view) => view.broken).focus();
        else invalid.focus();
    });

    function place(found) {
        for (const { path, message } of found) {
            const [, key, rest] = IN_STATE.exec(path) ?? [];
            if (states.has(key)) problems.add(states.get(key).state, rest, message, key);
            else problems.add(sharedState, path, message, path.startsWith("variations") ? "variations" : "details");
        }
    }

    function stateChanged(key, { source, state }) {
        source.write(state);
        markState(key);
        unsaved.refresh();
    }

    function variationsPanel() {
        const editor = variationEditor(
            { type: () => page.type, list: variations, uses },
            { owner: sharedState, problems, announce, changed: variationsChanged, renamed },
        );
        return h(
            "div",
            {},
            h(
                "p",
                { class: "ed-note" },
                "What the flag can serve, the same in all environments. The colours mark the variations on this page.",
            ),
            editor,
        );
    }

    function variationsChanged() {
        shared.write(sharedState);
        mark();
        unsaved.refresh();
        for (const context of contexts.values()) context.variationsChanged();
    }

    /** Whatever serves the variation goes on serving it. */
    function renamed(from, to) {
        for (const [key, { source, state }] of states) {
            const serves = [state.fallthrough, ...state.rules.map((rule) => rule.serve)].filter(Boolean);
            for (const named of [...serves, ...serves.flatMap((serve) => serve.split ?? []), ...state.targets]) {
                if (named.variation === from) named.variation = to;
            }
            if (state.off_variation === from) state.off_variation = to;
            source.write(state);
            markState(key);
        }
    }

    function uses(key) {
        const within = (state) => {
            const serves = [state.fallthrough, ...state.rules.map((rule) => rule.serve)].filter(Boolean);
            return (
                state.off_variation === key ||
                [...serves, ...serves.flatMap((serve) => serve.split ?? []), ...state.targets].some(
                    (one) => one.variation === key,
                )
            );
        };
        return [...states.values()].filter(({ state }) => within(state)).map(({ environment }) => environment.name);
    }

    function mark() {
        for (const key of states.keys()) markState(key);
        chosen.mark("variations", {
            note: String(variations().length),
            changed: shared.differs(sharedState),
            errors: problems.of("variations").length,
        });
        chosen.mark("details", { errors: problems.of("details").length });
    }

    function markState(key) {
        const { source, state } = states.get(key);
        const share = state.rollout_percentage;
        const note = !state.enabled ? "Off" : share === 100 ? "On" : `On, ${share ?? "?"} %`;
        chosen.mark(key, {
            note,
            style: state.enabled ? "ed-tab-on" : "",
            changed: source.differs(state),
            errors: problems.of(key).length,
        });
    }

    function changedParts() {
        const changed = [...states.values()]
            .filter(({ source, state }) => source.differs(state))
            .map(({ environment }) => environment.name);
        if (shared.differs(sharedState)) changed.push("Variations");
        if (detailsChanged) changed.push("Details");
        return changed.length || !holdsTyped ? changed : ["as you sent them"];
    }

    function first() {
        const wanted =
            decodeURIComponent(location.hash.slice(1)) ||
            (holdsTyped && sessionStorage.getItem(location.pathname)) ||
            "";
        return problems.all[0]?.where ?? (chosen.has(wanted) ? wanted : (entries[0]?.key ?? "variations"));
    }

    function show(problem) {
        chosen.choose(problem.where);
        const at = problem.element?.isConnected
            ? problem.element
            : document.querySelector(`[role=tabpanel]:not([hidden])`);
        at.scrollIntoView({ block: "center" });
        (at.matches("input, select, textarea, button")
            ? at
            : (at.querySelector("input, select, textarea") ?? at)
        ).focus();
    }
}

/** A document whose lists are lists: what was no JSON is shown in its problem, not by a page that breaks. */
function repaired(state) {
    for (const name of ["rules", "targets", "prerequisites"]) if (!Array.isArray(state[name])) state[name] = [];
    state.fallthrough ??= { variation: "" };
    return state;
}
