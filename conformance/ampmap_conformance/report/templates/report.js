(() => {
  "use strict";
  const form = document.querySelector("form");
  const search = form.elements.namedItem("q");
  const profile = form.elements.namedItem("profile");
  const boxes = [...form.querySelectorAll("input[name=verdict]")];
  const shown = document.getElementById("shown");
  const said = document.getElementById("said");
  const rules = [...document.querySelectorAll("section.rule")].map((element) => ({
    element,
    folds: [...element.querySelectorAll("details.more")],
    cases: [...element.querySelectorAll(".case")].map((item) => ({
      element: item,
      verdict: item.dataset.verdict,
      profile: item.dataset.profile,
      text: `${element.querySelector("h2").textContent} ${item.textContent}`.toLowerCase(),
    })),
  }));
  const others = document.querySelector("main > h2.part");
  const total = rules.reduce((sum, rule) => sum + rule.cases.length, 0);

  function filter() {
    const verdicts = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const rule of rules) {
      let some = false;
      for (const item of rule.cases) {
        const asked = !profile.value || item.profile === profile.value;
        const fits = asked && verdicts.has(item.verdict) && words.every((word) => item.text.includes(word));
        item.element.hidden = !fits;
        some ||= fits;
        count += fits;
      }
      rule.element.hidden = !some;
      for (const fold of rule.folds) {
        fold.hidden = !fold.querySelector(".case:not([hidden])");
        if (words.length) fold.open = true;
      }
    }
    if (others) others.hidden = rules.every(({ element }) => element.hidden || element.matches(".cause"));
    shown.textContent = `${count} of ${total} cases`;
  }

  function remember() {
    const state = new URLSearchParams();
    if (search.value) state.set("q", search.value);
    if (profile.value) state.set("profile", profile.value);
    state.set(
      "verdict",
      boxes
        .filter((box) => box.checked)
        .map((box) => box.value)
        .join(","),
    );
    history.replaceState(null, "", `#?${state}`);
  }

  function recall() {
    if (location.hash.startsWith("#?")) {
      const state = new URLSearchParams(location.hash.slice(2));
      search.value = state.get("q") || "";
      profile.value = state.get("profile") || "";
      const verdicts = (state.get("verdict") || "").split(",");
      for (const box of boxes) box.checked = verdicts.includes(box.value);
    }
    filter();
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (named?.matches("section")) {
      named.hidden = false;
      named.scrollIntoView();
    } else if (named) {
      named.hidden = false;
      named.closest("section.rule").hidden = false;
      const fold = named.closest("details.more");
      if (fold) {
        fold.open = true;
        fold.hidden = false;
      }
      named.open = true;
      named.scrollIntoView();
    }
  }

  function visible() {
    return [...document.querySelectorAll("details.case > summary")].filter((item) => item.offsetParent !== null);
  }

  function step(by) {
    const all = visible();
    const next = all[Math.min(Math.max(all.indexOf(document.activeElement) + by, 0), all.length - 1)];
    if (next) next.focus();
  }

  async function copy(button) {
    const source = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(source.textContent);
      said.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(source);
      said.textContent = "selected: copy it with your keyboard";
    }
    button.textContent = said.textContent === "copied" ? "copied" : "selected";
    setTimeout(() => {
      button.textContent = "copy";
    }, 1500);
  }

  // The end of a stream tells more than its beginning.
  document.addEventListener(
    "toggle",
    (event) => {
      if (!event.target.open) return;
      for (const body of event.target.querySelectorAll("pre.stream")) body.scrollTop = body.scrollHeight;
    },
    true,
  );
  form.addEventListener("input", () => {
    filter();
    remember();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.all) {
      for (const item of visible()) item.parentElement.open = button.dataset.all === "open";
    } else {
      copy(button);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === search) {
      if (event.key === "Escape") {
        search.value = "";
        filter();
        remember();
        search.blur();
      }
      return;
    }
    if (event.target.matches("input, select")) return;
    if (event.key === "/") {
      event.preventDefault();
      search.focus();
    }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
  addEventListener("hashchange", recall);
  form.hidden = false;
  recall();
})();
