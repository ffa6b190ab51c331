// A field that filters the rows of the tables after it on a page; `?filter=` in the address fills it in.
(() => {
  "use strict";

  document.querySelectorAll(".am-filter").forEach((place) => {
    const scope = place.dataset.scope || "table";
    const tables = [...document.querySelectorAll(`.md-content ${scope}`)].filter(
      (table) => place.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING,
    );
    const rows = tables.flatMap((table) => [...table.querySelectorAll("tbody tr")]);
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const input = document.createElement("input");
    input.type = "search";
    input.id = "am-filter-input";
    input.value = new URLSearchParams(location.search).get("filter") || "";
    const label = document.createElement("label");
    label.htmlFor = input.id;
    label.textContent = place.dataset.label;
    const count = document.createElement("output");
    count.htmlFor = input.id;
    place.append(label, input, count);

    function apply() {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      rows.forEach((row, index) => {
        row.hidden = !words.every((word) => texts[index].includes(word));
        left += row.hidden ? 0 : 1;
      });
      tables.forEach((table) => {
        table.hidden = words.length > 0 && !table.querySelector("tbody tr:not([hidden])");
      });
      count.textContent = words.length ? `${left} of ${rows.length} rows` : "";
    }

    input.addEventListener("input", () => {
      apply();
      const query = input.value ? `?filter=${encodeURIComponent(input.value)}` : "";
      history.replaceState(null, "", `${location.pathname}${query}${location.hash}`);
    });
    apply();
  });
})();
