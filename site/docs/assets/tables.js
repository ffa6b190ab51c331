// Tables that can be read and reached everywhere: on a phone each row is a card, a frame that scrolls takes the keyboard,
// and a table of more than 20 rows is sorted by a press on the head of a column. Without scripts the tables scroll.
(() => {
  "use strict";

  const MANY = 20;
  const phone = matchMedia("(max-width: 37.49em)");

  function makeReachable() {
    document.querySelectorAll(".md-typeset__scrollwrap, .am-scroll").forEach((frame) => {
      const scrolls = frame.scrollWidth > frame.clientWidth;
      if (!scrolls) frame.removeAttribute("tabindex");
      else if (!frame.hasAttribute("tabindex")) frame.setAttribute("tabindex", "0");
    });
  }

  // Each cell gets the name of its column, which the style sheet shows where the head is not.
  function makeCards(table) {
    if ("cards" in table.dataset) return;
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
    if (heads.length < 3) return;
    table.dataset.cards = ""; // not a class: the theme gives its looks to tables without one, in a wider window, too
    for (const row of table.querySelectorAll("tbody tr"))
      [...row.cells].forEach((cell, index) => {
        cell.dataset.label = heads[index] || "";
        if (/^(-|)$/.test(cell.textContent.trim())) cell.classList.add("am-empty");
        const content = document.createElement("div");
        content.append(...cell.childNodes);
        cell.append(content);
      });
  }

  // Numbers by their value, other texts by the alphabet.
  function makeSortable(table) {
    const rows = [...(table.tBodies[0]?.rows || [])];
    if (rows.length <= MANY) return;
    const order = new Intl.Collator("en", { numeric: true }).compare;
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "am-sort";
      button.setAttribute("aria-label", `Sort by ${head.textContent.trim()}`);
      if (head.querySelector("a")) head.append(" ");
      else button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const isUp = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
        const text = (row) => row.cells[column].textContent.trim();
        const sorted = rows.toSorted((a, b) => (isUp ? 1 : -1) * order(text(a), text(b)));
        table.tBodies[0].append(...sorted);
      });
    });
  }

  // Tables that other scripts make are given to this one.
  window.ampmapTable = (table) => phone.matches && makeCards(table);
  const tables = document.querySelectorAll(".md-typeset table:not([class])");
  const showCards = () => phone.matches && tables.forEach(makeCards);
  tables.forEach(makeSortable);
  showCards();
  phone.addEventListener("change", showCards);
  addEventListener("load", makeReachable);
  addEventListener("resize", makeReachable);
})();
