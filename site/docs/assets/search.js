// Leads words into the theme's own search, which listens to keys; and the field of the page that is shown for a lost one.
(() => {
  "use strict";

  function searchAll(words) {
    const field = document.querySelector("input.md-search__input");
    field.value = words;
    field.focus();
    field.dispatchEvent(new KeyboardEvent("keyup", { key: "End", bubbles: true }));
  }

  // What the address was about: its last part that is a word.
  function lost() {
    const parts = location.pathname.split("/").filter((part) => /^[\w.-]{3,}$/.test(part) && part !== "404.html");
    return (parts.at(-1) || "").replace(/\.(html|md)$/, "").replace(/[-_]+/g, " ");
  }

  document.querySelectorAll(".am-lost").forEach((place) => {
    const field = document.createElement("input");
    field.type = "search";
    field.id = "am-lost-words";
    field.value = lost();
    const label = document.createElement("label");
    label.htmlFor = field.id;
    label.textContent = "Words to search for";
    const button = document.createElement("button");
    button.className = "md-button";
    button.textContent = "Search all pages";
    const form = document.createElement("form");
    form.append(label, field, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      searchAll(field.value);
    });
    place.append(form);
  });

  window.ampmapSearch = searchAll;
})();
