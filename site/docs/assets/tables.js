// A table that is wider than the window scrolls in the theme's frame; here the frame can be scrolled by keyboard too.
(() => {
  "use strict";

  function makeReachable() {
    document.querySelectorAll(".md-typeset__scrollwrap").forEach((frame) => {
      const scrolls = frame.scrollWidth > frame.clientWidth;
      if (!scrolls) frame.removeAttribute("tabindex");
      else if (!frame.hasAttribute("tabindex")) frame.setAttribute("tabindex", "0");
    });
  }

  addEventListener("load", makeReachable);
  addEventListener("resize", makeReachable);
})();
