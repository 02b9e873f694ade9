// The tester's form: rows of attributes, and the same context as JSON.

document.addEventListener("alpine:init", () => {
  Alpine.data("tester", (as) => ({
    as: as || "rows",
    rows: [],
    hints: { text: "US", number: "42", boolean: "true", list: "a, b" },

    init() {
      this.rows = JSON.parse(document.getElementById("tester-rows").textContent).map((row, n) => ({ ...row, n }));
      window.addEventListener("test-flag", ({ detail }) => this.test(detail));
      document.querySelector("[data-arrive]")?.focus();
    },

    add() {
      this.rows.push({ n: Date.now(), name: "", type: "text", value: "" });
      this.$nextTick(() => this.$root.querySelector("li:last-child input")?.focus());
    },

    remove(index) {
      this.rows.splice(index, 1);
      this.$nextTick(() => (this.$root.querySelector("li:last-child input") ?? this.$refs.id).focus());
    },

    // What stands in the rows becomes JSON, unless somebody has written JSON already.
    toJson() {
      this.as = "json";
      if (this.$refs.json.value.trim()) return;
      const context = { id: this.$refs.id.value };
      for (const { name, type, value } of this.rows) if (name.trim()) context[name.trim()] = parsed(type, value);
      this.$refs.json.value = JSON.stringify(context, null, 2);
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
