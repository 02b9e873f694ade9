// JSON whose whole numbers keep all of their digits: beyond 2⁵³ they are BigInts here, where the browser can do that.

const whole = /^-?\d+$/;

export function readJson(text) {
    return JSON.parse(text, (_, value, context) =>
        typeof value === "number" && !Number.isSafeInteger(value) && whole.test(context?.source ?? "")
            ? BigInt(context.source)
            : value,
    );
}

/** The number that a text is, null when it is none. */
export function readNumber(text) {
    try {
        const found = readJson(text.trim());
        return ["number", "bigint"].includes(typeof found) ? found : null;
    } catch {
        return Number.isFinite(Number(text)) && text.trim() ? Number(text) : null; // `.5` and the like
    }
}

export function writeJson(document, indent = 2) {
    return JSON.stringify(document, exact, indent);
}

/** The same text for the same document, in whatever order its members stand. */
export function canonical(document) {
    return JSON.stringify(document, (_, part) =>
        isMapping(part)
            ? Object.fromEntries(
                  Object.keys(part)
                      .sort()
                      .map((name) => [name, part[name]]),
              )
            : exact(_, part),
    );
}

function isMapping(value) {
    return value !== null && typeof value === "object" && !Array.isArray(value) && !JSON.isRawJSON?.(value);
}

function exact(_, value) {
    return typeof value === "bigint" ? JSON.rawJSON(String(value)) : value; // there is no BigInt without rawJSON: both came together
}
