// A ramp's page renews what stands in it, part by part, as long as the ramp may change. A part in which somebody is
// (the focus, an open sheet) waits until they leave; what has happened meanwhile is said.

const PAUSE = 4_000; // milliseconds

const root = document.getElementById("ramp-live");
const known = new Map(); // the HTML of each part as the server wrote it last
if (root) for (const part of parts(root)) known.set(part.dataset.part, withoutToken(part)); // before charts are drawn

window.addEventListener("load", () => {
    if (!root) return;
    const said = document.getElementById("ramp-said");
    for (const part of parts(root)) draw(part);
    root.addEventListener("keydown", ({ key, target }) => {
        const sheet = key === "Escape" && target.closest("details.ramp-action[open]");
        if (!sheet) return;
        sheet.open = false;
        sheet.querySelector("summary").focus();
    });
    if (root.querySelector("[data-live]")) setTimeout(renew, PAUSE);

    async function renew() {
        if (!document.hidden) await ask().catch(() => {}); // the server may be away: later again
        if (root.querySelector("[data-live]")) setTimeout(renew, PAUSE);
    }

    async function ask() {
        const answer = await fetch(root.dataset.address, { headers: { Accept: "text/html" } });
        if (!answer.ok || answer.redirected) return;
        const fresh = document.createElement("div");
        fresh.innerHTML = await answer.text();
        for (const part of parts(root)) {
            const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
            if (!other) continue;
            const written = withoutToken(other);
            if (known.get(part.dataset.part) === written || isBusy(part)) continue;
            known.set(part.dataset.part, written);
            replace(part, other);
        }
    }

    function replace(part, other) {
        const open = [...part.querySelectorAll("details[open][data-keep]")].map((one) => one.dataset.keep);
        const before = part.querySelector("[data-where]")?.textContent;
        for (const canvas of part.querySelectorAll("canvas")) Chart.getChart(canvas)?.destroy();
        for (const one of other.querySelectorAll("details[data-keep]")) one.open = open.includes(one.dataset.keep);
        part.replaceWith(other);
        draw(other);
        const after = other.querySelector("[data-where]")?.textContent;
        if (after && after !== before) said.textContent = after;
    }
});

function parts(within) {
    return [...within.querySelectorAll("[data-part]")];
}

/** Whether somebody is in the part: they are not to lose what they hold. */
const isBusy = (part) => part.contains(document.activeElement) || part.querySelector("details[open] form") !== null;

/** The part's text without what differs in every answer. */
function withoutToken(part) {
    return part.innerHTML.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
}

/** Draw the charts that nobody has drawn: Unfold draws those that come with the page. */
function draw(part) {
    for (const canvas of part.querySelectorAll("canvas.chart")) {
        const chart =
            Chart.getChart(canvas) ??
            new Chart(canvas, {
                type: canvas.dataset.type,
                data: JSON.parse(canvas.dataset.value),
                options: JSON.parse(canvas.dataset.options),
            });
        chart.options.plugins.legend.labels.usePointStyle = true;
        chart.options.plugins.legend.labels.filter = ({ text }) => text !== "";
        chart.options.plugins.tooltip = { filter: ({ dataset }) => dataset.borderWidth > 0 };
        chart.update();
    }
}
