// The sidebar's search box by keyboard: "t" leads there, the arrows go through what was found, Enter opens it.

(() => {
  const field = () => document.getElementById("nav-filter");
  const results = () => document.getElementById("search-results");
  const links = () => [...results().querySelectorAll("a")];
  let opensFirst = false; // Enter was pressed before the answer was there
  let answered = ""; // the text that what is shown answers

  function isTyping(element) {
    return element.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);
  }

  function close() {
    results().replaceChildren();
    answered = "";
    opensFirst = false;
  }

  function move(event, by) {
    const found = links();
    if (!found.length) return;
    event.preventDefault();
    const place = found.indexOf(document.activeElement) + by;
    (found[Math.min(place, found.length - 1)] ?? field()).focus();
  }

  function open() {
    opensFirst = answered !== field().value.trim();
    if (!opensFirst) links()[0]?.click();
  }

  document.addEventListener("keydown", (event) => {
    if (!field() || event.isComposing) return;
    const inside = field().closest(".finding").contains(event.target);
    if (!inside) {
      const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (event.key === "t" && isPlain && !isTyping(event.target) && field().checkVisibility()) {
        event.preventDefault();
        field().focus();
      }
    } else if (event.key === "ArrowDown") move(event, 1);
    else if (event.key === "ArrowUp") move(event, -1);
    else if (event.key === "Enter" && event.target === field()) {
      event.preventDefault();
      open();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (!results().childElementCount) field().value = "";
      close();
      field().focus();
    }
  });

  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target !== results()) return;
    answered = new URL(detail.xhr.responseURL).searchParams.get("s").trim();
    if (opensFirst) open();
  });

  for (const moved of ["click", "focusin"]) {
    document.addEventListener(moved, ({ target }) => {
      if (field() && results().childElementCount && !field().closest(".finding").contains(target)) close();
    });
  }
})();
