// Small parts of the finder's answers: elements, code in prose, a button that copies. A classic script for the page.
(() => {
  "use strict";

  const site = new URL("..", document.currentScript.src);

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value === true) made.setAttribute(key, "");
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
    }
    made.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  }

  // Text in which what stands between backticks is code.
  function prose(text) {
    return text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? element("code", {}, part) : part));
  }

  const link = (text, page) => element("a", { href: new URL(page, site).href }, text);
  const code = (text) => element("code", {}, text);

  function row(label, ...value) {
    return [element("dt", {}, label), element("dd", {}, ...value)];
  }

  function copyable(text, label) {
    const button = element("button", { type: "button", class: "am-copy", "aria-label": `Copy ${label}` }, "Copy");
    button.addEventListener("click", async () => {
      button.textContent = (await copied(text)) ? "Copied" : "Press Ctrl+C";
      setTimeout(() => (button.textContent = "Copy"), 1600);
    });
    return button;
  }

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = element("textarea", { class: "am-hidden" });
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy"); // where the page is not served over https
      area.remove();
      return done;
    }
  }

  function card(title, ...children) {
    return element("section", { class: "am-card" }, element("h3", { class: "am-card-title" }, title), children);
  }

  function urlLine(method, url) {
    return element(
      "div",
      { class: "am-url" },
      element("span", { class: "am-method" }, method),
      element("code", { class: "am-url-text", tabindex: "0" }, url),
      copyable(url, "the URL"),
    );
  }

  // A table in a frame that scrolls; `rows` are lists of what the cells hold.
  function table(head, rows) {
    const cells = (row) =>
      element(
        "tr",
        {},
        row.map((cell) => element("td", {}, cell)),
      );
    return element(
      "div",
      { class: "am-scroll" },
      element(
        "table",
        { class: "am-table" },
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            head.map((text) => element("th", { scope: "col" }, text)),
          ),
        ),
        element("tbody", {}, rows.map(cells)),
      ),
    );
  }

  window.ampmapParts = { card, code, copyable, element, link, prose, row, table, urlLine, site };
})();
