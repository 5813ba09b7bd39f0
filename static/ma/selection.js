"use strict";

// Ticked rows of a list: what can be done with them stands in a bar at the foot of the window while
// something is ticked. Without this script the same form stands under the list.

(() => {
  const bar = document.querySelector("[data-ma-selection]");
  if (!bar) return;
  const boxes = () => [...document.querySelectorAll(`input[name="pick"][form="${bar.id}"]`)];
  const every = bar.querySelector("input[name=all]");
  const said = bar.querySelector("[data-ma-selected]");
  const head = document.querySelector("[data-ma-pick-all]");
  let last = null;

  function show() {
    const all = boxes();
    const ticked = all.filter((box) => box.checked).length;
    bar.toggleAttribute("data-on", every.checked || ticked > 0);
    const words = every.checked ? bar.dataset.maSelection : `${ticked} selected`;
    if (said.textContent !== words) said.textContent = words;
    for (const box of all) box.closest("tr").classList.toggle("ma-row-selected", every.checked || box.checked);
    if (head) {
      head.checked = ticked > 0 && ticked === all.length;
      head.indeterminate = ticked > 0 && ticked < all.length;
    }
  }

  function clear() {
    for (const box of boxes()) box.checked = false;
    every.checked = false;
    show();
  }

  // With the shift key down everything between two ticks becomes as the second one.
  function between(box) {
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) for (const other of all.slice(from, to + 1)) other.checked = box.checked;
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-ma-clear]")) {
      const before = boxes().find((box) => box.checked);
      clear();
      // The bar goes with the button that was pressed: the focus goes where the ticks were.
      (before || boxes()[0])?.focus();
      return;
    }
    const box = event.target.closest('input[name="pick"]');
    if (!box) return;
    if (event.shiftKey && last) between(box);
    last = box;
    show();
  });

  document.addEventListener("change", (event) => {
    if (event.target === head) for (const box of boxes()) box.checked = head.checked;
    show();
  });

  document.addEventListener("ma:select", (event) => {
    const box = event.target.querySelector('input[name="pick"]');
    if (!box) return;
    box.checked = !box.checked;
    last = box;
    show();
  });

  // Back from the page that asks, the browser has kept the ticks.
  window.addEventListener("pageshow", show);
  show();
})();
