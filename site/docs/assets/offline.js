// From disk a link to a folder shows its files; here it leads to the page in it.
(() => {
  "use strict";

  if (location.protocol !== "file:") return;
  const toPage = ({ target }) => {
    const link = target.closest?.("a[href]");
    if (!link) return;
    const url = new URL(link.href);
    if (url.protocol === "file:" && url.pathname.endsWith("/")) url.pathname += "index.html";
    link.href = url.href;
  };
  addEventListener("pointerdown", toPage, true);
  addEventListener("keydown", toPage, true);
})();
