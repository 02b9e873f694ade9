// The tester's form: rows of attributes, and the same context as JSON.

document.addEventListener("alpine:init", () => {
  Alpine.data("tester", (as) => ({
    as: as || "rows",
    rows: [],
    hints: { text: "US", number: "42", boolean: "true", list: "a, b" },

    init() {
      this.rows = JSON.parse(document.getElementById("tester-rows").textContent).map((row, n) => ({ ...row, n, chosen: Boolean(row.name) }));
      window.addEventListener("test-flag", ({ detail }) => this.test(detail));
      requestAnimationFrame(() => document.querySelector("[data-arrive]")?.focus()); // the page is hidden until then
    },

    add() {
      this.rows.push({ n: Date.now(), name: "", type: "text", value: "" });
      this.$nextTick(() => this.$root.querySelector("li:last-child input")?.focus());
    },

    remove(index) {
      this.rows.splice(index, 1);
      this.$nextTick(() => (this.$root.querySelector("li:last-child input") ?? this.$refs.id).focus());
    },

    // An attribute that was seen has the type that was seen, unless somebody has chosen one.
    named(row) {
      const known = [...document.getElementById("tester-attributes").options].find(({ value }) => value === row.name);
      if (known && !row.chosen) row.type = known.dataset.type;
    },

    // What stands in the rows becomes JSON, unless somebody has written JSON already.
    toJson() {
      this.as = "json";
      if (this.$refs.json.value.trim()) return;
      const context = { id: this.$refs.id.value };
      for (const { name, type, value } of this.rows) if (name.trim()) context[name.trim()] = parsed(type, value);
      this.$refs.json.value = JSON.stringify(context, null, 2);
    },

    // A context that was seen lately; what rows cannot say comes as JSON.
    take(place) {
      const seen = JSON.parse(document.getElementById("tester-recent").textContent)[place];
      this.as = seen.rows ? "rows" : "json";
      this.$refs.id.value = seen.id;
      this.$refs.json.value = seen.rows ? "" : seen.json;
      this.rows = (seen.rows ?? []).map((row, n) => ({ ...row, n: `${place}-${n}`, chosen: true }));
      this.$nextTick(() => (seen.rows ? this.$refs.id : this.$refs.json).focus());
    },

    test(key) {
      document.getElementById("tester-flag").value = key;
      this.$root.requestSubmit(this.$root.querySelector('button[name="show"][value="flag"]'));
    },

    switchProject(key) {
      const address = new URL(document.getElementById("tester-project").dataset.address, location.href);
      address.searchParams.set("project", key);
      location.assign(address);
    },
  }));
});

function parsed(type, value) {
  if (type === "number") return Number(value);
  if (type === "boolean") return value.trim().toLowerCase() === "true";
  if (type === "list") return value.split(",").map((part) => part.trim()).filter(Boolean);
  return value;
}
