// The engine's operators as the server wrote them into the page: which fit an attribute, which values they take.

const FAMILIES = {
    list: "Lists",
    time: "Times",
    version: "Versions",
    address: "IP addresses",
    number: "Numbers",
    text: "Text",
};
export const KINDS = {
    text: "Text",
    number: "Number",
    boolean: "Yes or no",
    time: "Date",
    ...{
        duration: "Duration",
        version: "Version",
        address: "IP address",
        list: "List",
    },
};
const EMPTY = { text: "", number: null, boolean: true, time: "", duration: "30d", version: "", address: "" };

export const kindOf = (value) =>
    typeof value === "boolean" ? "boolean" : ["number", "bigint"].includes(typeof value) ? "number" : "text";

export class Vocabulary {
    constructor(operators) {
        this.operators = operators;
        this.named = new Map(operators.map((operator) => [operator.name, operator]));
    }

    find(name) {
        return this.named.get(name) ?? null;
    }

    /** Operators in groups, those that fit the attribute's kinds first; the words are those for one value or many. */
    groups(kinds) {
        const fitting = kinds.length
            ? this.operators.filter((one) => kinds.some((kind) => one.fits.includes(kind)))
            : [];
        const groups = new Map();
        if (fitting.length) groups.set(`Fits: ${kinds.map((kind) => KINDS[kind].toLowerCase()).join(", ")}`, fitting);
        for (const operator of this.operators) {
            if (fitting.includes(operator)) continue;
            const family = operator.fits.length > 1 ? "Any" : (FAMILIES[operator.fits[0]] ?? "Others");
            const title = fitting.length ? `Others: ${family}` : family;
            groups.set(title, [...(groups.get(title) ?? []), operator]);
        }
        return groups;
    }

    words(operator) {
        return operator.many.length && operator.one.length ? operator.words : operator.words_many;
    }

    /** The kind that a value of the operator has; a text may be a time, a version and so on. */
    kind(operator, value) {
        const kinds = operator.one.length ? operator.one : operator.many;
        const seen = kindOf(value);
        if (value !== null && value !== undefined && kinds.includes(seen)) return seen;
        return kinds.find((kind) => !["number", "boolean"].includes(kind)) ?? kinds[0];
    }

    /** What becomes of a condition's value when its operator changes: kept as far as the new one takes it. */
    carry(condition, operator, preferred) {
        const kinds = new Set([...operator.one, ...operator.many]);
        const before = this.find(condition.operator);
        const alike = [...(before?.one ?? []), ...(before?.many ?? [])].some(
            (kind) => kinds.has(kind) && !["number", "boolean"].includes(kind),
        );
        const fits = (value) => kinds.has(kindOf(value)) || (alike && kindOf(value) === "text"); // a version is no duration
        const old = [condition.value ?? []].flat().filter((value) => value !== "" && fits(value));
        if (!kinds.size && !operator.choices.length) delete condition.value;
        else if (operator.choices.length)
            condition.value = operator.choices.includes(old[0]) ? old[0] : operator.choices[0];
        else if (operator.many.length && (old.length > 1 || !operator.one.length)) condition.value = old;
        else
            condition.value =
                old[0] ??
                EMPTY[
                    kinds.has(preferred) ? preferred : [...kinds].includes("text") ? "text" : this.kind(operator, null)
                ];
        if (!operator.folds) delete condition.ignore_case;
        condition.operator = operator.name;
    }

    empty(kind) {
        return EMPTY[kind];
    }
}
