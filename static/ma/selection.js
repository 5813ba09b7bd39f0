"use strict";

// Ticked rows: what can be done with them stands in a bar at the foot of the window while something
// is ticked. A tick belongs to a bar by its form. Without this script the same forms stand under
// their lists. On a page that polls, bars and rows may be others after a while.

(() => {
  const bars = () => [...document.querySelectorAll("[data-ma-selection]")];
  const boxesOf = (bar) => [...document.querySelectorAll(`.ma-tickbox input[form="${bar.id}"]`)];
  const barOf = (box) => bars().find((bar) => bar.id === box?.getAttribute("form"));
  const everyOf = (bar) => bar.querySelector("input[name=all]");
  let last = null;

  function show(bar) {
    const all = boxesOf(bar);
    const whole = Boolean(everyOf(bar)?.checked);
    const ticked = all.filter((box) => box.checked).length;
    bar.toggleAttribute("data-on", whole || ticked > 0);
    const said = bar.querySelector("[data-ma-selected]");
    const words = whole ? bar.dataset.maSelection : `${ticked} selected`;
    if (said.textContent !== words) said.textContent = words;
    for (const box of all) box.closest("tr").classList.toggle("ma-row-selected", whole || box.checked);
    const head = document.querySelector(`[data-ma-pick-all="${bar.id}"]`);
    if (head) {
      head.checked = ticked > 0 && ticked === all.length;
      head.indeterminate = ticked > 0 && ticked < all.length;
    }
  }

  function clear(bar) {
    const all = boxesOf(bar);
    const before = all.find((box) => box.checked);
    for (const box of all) box.checked = false;
    if (everyOf(bar)) everyOf(bar).checked = false;
    show(bar);
    // The bar goes with the button that was pressed: the focus goes where the ticks were.
    (before || all[0])?.focus();
  }

  // With the shift key down everything between two ticks becomes as the second one.
  function between(bar, box) {
    const all = boxesOf(bar);
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) for (const other of all.slice(from, to + 1)) other.checked = box.checked;
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-ma-clear]")) {
      clear(event.target.closest("[data-ma-selection]"));
      return;
    }
    const box = event.target.closest(".ma-tickbox input");
    const bar = barOf(box);
    if (!bar) return;
    if (event.shiftKey && last) between(bar, box);
    last = box;
    show(bar);
  });

  document.addEventListener("change", (event) => {
    const named = event.target.dataset.maPickAll;
    const bar = bars().find((one) => one.id === named);
    if (bar) for (const box of boxesOf(bar)) box.checked = event.target.checked;
    bars().forEach(show);
  });

  document.addEventListener("ma:select", (event) => {
    const box = event.target.querySelector(".ma-tickbox input");
    const bar = barOf(box);
    if (!bar) return;
    box.checked = !box.checked;
    last = box;
    show(bar);
  });

  // Back from the page that asks, the browser has kept the ticks.
  window.addEventListener("pageshow", () => bars().forEach(show));
  document.addEventListener("htmx:afterSettle", () => bars().forEach(show));
  bars().forEach(show);
})();
