"use strict";

// Loaded in the head and blocking, so that the first paint has the right colours.
(() => {
  const root = document.documentElement;
  root.setAttribute("data-ma-script", "");
  if (root.dataset.maTheme !== "auto") return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    if (root.dataset.maTheme === "auto") {
      root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
    }
  };
  dark.addEventListener("change", follow);
  follow();
})();
