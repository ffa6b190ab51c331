// A field that filters what follows it on a page: rows of tables, and sections that have none; `?filter=` in the address
// fills it in. Columns that the page names are offered as lists of their values. A section without a hit is hidden.
(() => {
  "use strict";

  const HEADINGS = ["H2", "H3"];
  const FOLD = "details.abstract"; // a table that is shown on demand

  document.querySelectorAll(".am-filter").forEach((place) => {
    const sections = sectionsAfter(place);
    const rows = sections.flatMap((section) => section.rows);
    const parameters = new URLSearchParams(location.search);
    const input = document.createElement("input");
    input.type = "search";
    input.id = "am-filter-input";
    input.value = parameters.get("filter") || "";
    const count = document.createElement("output");
    count.htmlFor = input.id;
    place.append(labelled(place.dataset.label, input), ...facets(place, rows), count);

    function apply() {
      const words = input.value.split(/\s+/).filter(Boolean).map(wordTest);
      const chosen = [...place.querySelectorAll("select")].filter((select) => select.value);
      const isAsked = words.length > 0 || chosen.length > 0;
      let left = 0;
      for (const row of rows) {
        const fits = chosen.every((select) => textIn(row, select.dataset.column) === select.value);
        row.element.hidden = !(fits && words.every((isIn) => isIn(row.text)));
        left += row.element.hidden ? 0 : 1;
      }
      for (const section of sections) {
        const own = !section.rows.length && !chosen.length && words.every((isIn) => isIn(section.text));
        section.isHit = !isAsked || own || section.rows.some((row) => !row.element.hidden);
        left += isAsked && own && section.heading ? 1 : 0;
      }
      for (const section of sections) {
        const within = sections.filter((other) => other.parent === section);
        const isShown = section.isHit || within.some((other) => other.isHit);
        for (const element of section.elements) element.hidden = !isShown;
        for (const fold of section.folds) unfold(fold, isAsked);
      }
      count.textContent = isAsked ? `${left} ${left === 1 ? "hit" : "hits"}` : "";
    }

    place.addEventListener("input", () => {
      apply();
      const query = input.value ? `?filter=${encodeURIComponent(input.value)}` : "";
      history.replaceState(null, "", `${location.pathname}${query}${location.hash}`);
    });
    apply();
  });

  // A word in capitals is a method, or a code: it is meant as a whole, so that `HEAD` does not find every header.
  function wordTest(word) {
    if (/^[A-Z]{3,7}$/.test(word)) return (text) => new RegExp(`\\b${word}\\b`).test(text);
    const lower = word.toLowerCase();
    return (text) => text.toLowerCase().includes(lower);
  }

  // What follows, by its headings: {heading, parent, elements, text, rows}. The foot of the page is left as it is.
  function sectionsAfter(place) {
    const sections = [{ heading: null, parent: null, elements: [], rows: [] }];
    let top = null;
    for (let each = place.nextElementSibling; each && each.tagName !== "HR"; each = each.nextElementSibling) {
      if (HEADINGS.includes(each.tagName)) {
        const section = { heading: each, parent: each.tagName === "H3" ? top : null, elements: [], rows: [] };
        if (each.tagName === "H2") top = section;
        sections.push(section);
      }
      sections.at(-1).elements.push(each);
    }
    for (const section of sections) {
      section.folds = section.elements.flatMap((each) =>
        each.matches(FOLD) ? [each] : [...each.querySelectorAll(FOLD)],
      );
      section.text = section.elements.map((each) => each.textContent).join(" ");
      const found = section.elements.flatMap((each) => [...each.querySelectorAll("tbody tr")]);
      section.rows = section.parent?.heading && place.dataset.scope === "sections" ? [] : found.map(rowOf);
    }
    return sections;
  }

  // A fold opens where it has a hit, is left out where it has none, and is as it was when nothing is asked.
  function unfold(fold, isAsked) {
    const rows = [...fold.querySelectorAll("tbody tr")];
    const isHit = rows.some((row) => !row.hidden);
    fold.hidden = isAsked && !isHit;
    fold.open = isAsked && isHit;
  }

  function rowOf(element) {
    const heads = [...element.closest("table").querySelectorAll("thead th")].map((head) => head.textContent.trim());
    const cells = [...element.cells].map((cell) => cell.textContent.trim());
    return { element, heads, cells, text: element.textContent };
  }

  function textIn(row, column) {
    return row.cells[row.heads.indexOf(column)];
  }

  // A list per column that the page names in `data-facets`, with the values that its rows have.
  function facets(place, rows) {
    const columns = (place.dataset.facets || "").split(",").filter(Boolean);
    return columns.map((column) => {
      const values = [...new Set(rows.map((row) => textIn(row, column)).filter(Boolean))].sort();
      const select = document.createElement("select");
      select.id = `am-facet-${column.toLowerCase()}`;
      select.dataset.column = column;
      select.append(new Option("any", ""), ...values.map((value) => new Option(value, value)));
      return labelled(column, select);
    });
  }

  function labelled(text, control) {
    const field = document.createElement("div");
    const label = document.createElement("label");
    label.htmlFor = control.id;
    label.textContent = text;
    field.append(label, control);
    return field;
  }
})();
