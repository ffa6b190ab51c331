// Any two editions side by side; the choice is in the address, so that it can be shared.
(() => {
  "use strict";

  const root = document.querySelector(".am-compare");
  const { code, element, load, table } = window.ampmapParts;
  const editions = JSON.parse(root.dataset.editions);
  const parameters = new URLSearchParams(location.search);
  const chosen = (name, other) => {
    const asked = parameters.get(name);
    return editions.some(([id]) => id === asked) ? asked : other;
  };
  const state = { from: chosen("from", root.dataset.from), to: chosen("to", root.dataset.to) };
  const status = element("p", { class: "am-finder-status", role: "status" });
  const result = element("div", {});

  function choice(name, label) {
    const select = element(
      "select",
      { id: `compare-${name}` },
      editions.map(([id, built]) => element("option", { value: id, selected: id === state[name] }, `${id} (${built})`)),
    );
    select.addEventListener("change", () => {
      state[name] = select.value;
      history.replaceState(null, "", `${location.pathname}?from=${state.from}&to=${state.to}`);
      show();
    });
    return element("div", {}, element("label", { for: select.id }, label), select);
  }

  root.append(element("div", { class: "am-choices" }, choice("from", "Before"), choice("to", "After")), status, result);

  async function show() {
    const { from, to } = state;
    let documents;
    try {
      documents = await Promise.all([load(`finder/${from}`), load(`finder/${to}`)]);
    } catch {
      status.textContent = "The editions cannot be loaded.";
      return;
    }
    if (from !== state.from || to !== state.to) return; // others were chosen meanwhile
    const rows = window.ampmapCompare.compared(...documents);
    const counts = ["gone", "moved", "changed", "new"].map(
      (change) => `${rows.filter((row) => row.change === change).length} ${change}`,
    );
    status.textContent = rows.length ? `${counts.join(", ")}.` : "Both editions send every call to the same place.";
    result.replaceChildren(
      ...["gone", "moved", "changed", "new"].flatMap((change) =>
        part(
          change,
          rows.filter((row) => row.change === change),
        ),
      ),
    );
    root.dataset.ready = `${from} ${to}`;
  }

  function part(change, rows) {
    if (!rows.length) return [];
    const lines = (text) =>
      text ? text.split("\n").flatMap((line, index) => [index ? element("br") : null, code(line)]) : "";
    const cells = rows.map((row) => [`${row.kind}`, code(row.name), lines(row.before), lines(row.after), row.todo]);
    const title = change[0].toUpperCase() + change.slice(1);
    return [
      element("h2", { id: change }, `${title} (${rows.length})`),
      table(["Kind", "Name", "Before", "After", "What to do"], cells),
    ];
  }

  show();
})();
