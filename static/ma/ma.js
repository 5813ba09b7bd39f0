"use strict";

// Small helpers over plain pages and htmx: nothing here is needed to read or to act.

const root = document.documentElement;
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/* Ages run by the server's clock. */

const skew = Date.now() - Number(root.dataset.maNow || Date.now());
const HARD = "\u00a0";

function spell(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (a, unit, b, small) => `${a}${HARD}${unit}` + (b ? ` ${b}${HARD}${small}` : "");
  if (whole < 60) return `${whole}${HARD}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${HARD}min`;
  if (whole < 86400) {
    return two(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  }
  if (whole < 3 * 86400) {
    return two(Math.floor(whole / 86400), "d", Math.floor((whole % 86400) / 3600), "h");
  }
  return `${String(Math.floor(whole / 86400)).replace(/\B(?=(\d{3})+$)/g, "\u202f")}${HARD}d`;
}

function tick() {
  const now = Date.now() - skew;
  for (const element of all("time[data-ma-age]")) {
    const seconds = (now - Date.parse(element.dateTime)) / 1000;
    const text = seconds < 1 ? "now" : `${spell(seconds)} ago`;
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of all("[data-ma-stale-after]")) {
    const time = find("time", element);
    if (!time) continue;
    const seconds = (now - Date.parse(time.dateTime)) / 1000;
    element.classList.toggle("ma-stale", seconds > Number(element.dataset.maStaleAfter));
  }
}

/* Strips that the browser itself has to show: signed out, server away, not saved. */

function strip(id, kind, text, link) {
  const area = find("#strips");
  if (!area || document.getElementById(id)) return;
  const line = document.createElement("div");
  line.id = id;
  line.className = `ma-strip ma-strip-${kind}`;
  line.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.textContent = `${text} `;
  line.append(words);
  if (link) {
    const anchor = document.createElement("a");
    anchor.textContent = link.label;
    anchor.href = link.href;
    if (link.apart) anchor.target = "_blank";
    words.append(anchor);
  }
  area.append(line);
}

const unstrip = (id) => document.getElementById(id)?.remove();

function signedOut(text, apart) {
  const here = encodeURIComponent(location.pathname + location.search);
  if (apart) unstrip("strip-signed-out");
  strip("strip-signed-out", "warn", `You were signed out. ${text}`, {
    label: apart ? "Sign in again in a new tab" : "Sign in again",
    href: `/sign-in/?next=${here}`,
    apart,
  });
}

function fresh(state, words) {
  const element = find("[data-ma-fresh]");
  if (!element || element.dataset.state === state) return;
  element.dataset.state = state;
  element.textContent = words || element.dataset.words;
}

/* Polls wait while somebody reads or writes in the region that they would replace. */

const TICKED = ".ma-tickbox input:checked";

function busy(region) {
  const active = document.activeElement;
  if (region.contains(active) && active.matches("input:not([type=hidden]), textarea, select")) {
    return true;
  }
  if (find("details.ma-menu[open], details[data-ma-form][open], dialog[open]", region)) return true;
  // What is ticked is not taken from under the hand.
  if (find(TICKED, region)) return true;
  // A form on its way must not come back with a button that may be pressed again.
  if (find("form[data-ma-sent]", region)) return true;
  // Nobody may press a button that was swapped under the pointer a moment before.
  if (find(".btn:hover", region)) return true;
  const selection = window.getSelection();
  return Boolean(
    selection && !selection.isCollapsed && region.contains(selection.anchorNode),
  );
}

// Who asked: after a swap htmx names the parent of the element that is gone.
const asker = (event) => event.detail.requestConfig?.elt || event.detail.elt;
const isPoll = (event) => Boolean(asker(event)?.hasAttribute("data-ma-poll"));
let misses = 0;
let paused = false;

// A server that cannot have its database answers one sentence; a proxy before it would send a page.
function said(status, type, text) {
  return status === 503 && type?.startsWith("text/plain") ? text : `The server answered ${status}.`;
}

const saidTo = (xhr) => said(xhr.status, xhr.getResponseHeader("Content-Type"), xhr.responseText);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPoll(event)) return;
  if (document.hidden || paused) {
    event.preventDefault();
  } else if (busy(asker(event))) {
    event.preventDefault();
    fresh("held", "Updates held while you edit");
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  const status = event.detail.xhr?.status || 0;
  if (status >= 500 && isPoll(event)) {
    missed(saidTo(event.detail.xhr));
  } else if (status > 0) {
    misses = 0;
    unstrip("strip-away");
    if (isPoll(event)) fresh("live");
  }
  if (status >= 200 && status < 300) unstrip("strip-signed-out");
  if (status === 401) {
    signedOut("Nothing was saved after that.");
  } else if (status >= 400 && status !== 409 && status !== 422 && !isPoll(event)) {
    const number = event.detail.xhr.getResponseHeader("X-Request-Id");
    const trace = number ? ` Request ${number}.` : "";
    strip("strip-not-saved", "bad", `Not saved. ${saidTo(event.detail.xhr)}${trace} Try again.`);
  }
});

document.addEventListener("htmx:sendError", (event) => {
  if (!isPoll(event)) {
    strip("strip-not-saved", "bad", "Not saved: the server did not answer. Try again.");
    return;
  }
  missed("The server does not answer.");
});

// Nothing is swapped while it holds, so the button stays the one that was pressed.
function pause(button) {
  paused = !paused;
  button.setAttribute("aria-pressed", String(paused));
  const words = find("[data-words]", button);
  [words.textContent, words.dataset.words] = [words.dataset.words, words.textContent];
  fresh(paused ? "held" : "live", paused ? "Paused" : undefined);
  if (!paused) for (const region of all("[data-ma-poll]")) window.htmx?.trigger(region, "ma:look");
}

function missed(why) {
  misses += 1;
  if (misses < 2) return;
  fresh("away", "No answer");
  strip("strip-away", "warn", `${why} Figures stay as they were; ages run on.`);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const region of all("[data-ma-poll]")) window.htmx?.trigger(region, "ma:look");
});

/* A swap keeps what somebody unfolded and where the focus was. */

let opened = [];
let focused = "";

document.addEventListener("htmx:beforeSwap", (event) => {
  // A poll that ends with an empty answer has nothing to put in the place of the page.
  if (isPoll(event) || event.detail.target.hasAttribute("data-ma-poll")) {
    if (!event.detail.serverResponse) event.detail.shouldSwap = false;
    if (isPoll(event) && find(`form[data-ma-sent], ${TICKED}`, event.detail.target)) {
      event.detail.shouldSwap = false;
    }
  }
  const target = event.detail.target;
  opened = all("details[open][id]", target).map((element) => element.id);
  focused = target.contains(document.activeElement) ? document.activeElement.id : "";
});

document.addEventListener("htmx:afterSettle", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (focused && document.activeElement === document.body) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
  if (!find("[data-ma-poll]")) find("[data-ma-fresh]")?.remove();
  tick();
});

/* A form is sent once; its button keeps its width and says that it works. Before it leaves the page
   the server is asked who is signed in: what was typed would be lost on a page of another answer. */

const PATIENCE_MS = 10000;
const leaving = new WeakSet();

// Somebody who signed in again in another tab has another token than this page was made with.
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];

document.addEventListener("htmx:configRequest", (event) => {
  if (token()) event.detail.headers["X-CSRFToken"] = token();
});

// In the capture phase: htmx listens on the form itself and must not see the second submit.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (leaving.delete(form)) return;
    const button = event.submitter || find("button[type=submit], button:not([type])", form);
    if (button?.getAttribute("aria-disabled") === "true" || form.dataset.maSent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (form.method.toLowerCase() !== "post") return;
    form.dataset.maSent = "yes";
    if (button) {
      button.style.minWidth = `${button.offsetWidth}px`;
      button.dataset.busy = "";
      button.setAttribute("aria-busy", "true");
    }
    if (!document.body.dataset.maPerson || form.matches("[data-ma-theme-form]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    letGo(form, event.submitter);
  },
  true,
);

async function letGo(form, submitter) {
  const why = await whyStay();
  if (why) {
    why();
    unsend(form);
    return;
  }
  const field = find("input[name=csrfmiddlewaretoken]", form);
  if (field && token()) field.value = token();
  leaving.add(form);
  form.requestSubmit(submitter);
}

async function whyStay() {
  unstrip("strip-not-saved");
  let answer;
  try {
    answer = await fetch("/session/", {
      headers: { "HX-Request": "true" },
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    return () =>
      strip("strip-not-saved", "bad", "Not saved: the server did not answer. What you typed is still here. Try again.");
  }
  if (answer.status >= 500) {
    const why = said(answer.status, answer.headers.get("Content-Type"), await answer.text());
    return () =>
      strip("strip-not-saved", "bad", `Not saved. ${why} What you typed is still here. Try again.`);
  }
  if (answer.status === 401) {
    return () => signedOut("Nothing was saved; what you typed stays here.", true);
  }
  unstrip("strip-signed-out");
  const person = answer.headers.get("X-Person");
  if (!person || person === document.body.dataset.maPerson) return null;
  return () =>
    strip("strip-not-saved", "bad", `Not saved: ${person} is signed in now, and this page was opened as ${document.body.dataset.maPerson}.`, {
      label: "Load it again",
      href: location.href,
    });
}

function unsend(form) {
  delete form.dataset.maSent;
  for (const button of all("[data-busy]", form)) {
    delete button.dataset.busy;
    button.removeAttribute("aria-busy");
    button.style.minWidth = "";
  }
}

document.addEventListener("htmx:afterRequest", (event) => {
  const form = asker(event)?.closest("form");
  if (form) unsend(form);
});

// Back from the browser's own cache: a sent form may be sent again.
window.addEventListener("pageshow", () => all("form[data-ma-sent]").forEach(unsend));

/* A security key that was not touched, is not the right one, or that the browser knows nothing of. */

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  unstrip("strip-key");
  strip("strip-key", "warn", "No security key answered, or it is another one. Nothing was changed. Try again.");
});

/* Clicks: copy, disabled buttons, navigation, menus, dialogs. */

async function copy(button) {
  const source = button.dataset.maCopy;
  await navigator.clipboard.writeText(source);
  say("Copied");
}

function say(text) {
  const area = find("#toasts");
  if (!area) return;
  const toast = document.createElement("div");
  toast.className = "ma-toast";
  toast.textContent = text;
  area.append(toast);
  window.setTimeout(() => toast.remove(), 4000);
}

function openNavigation(open) {
  const navigation = find("#nav");
  navigation?.toggleAttribute("data-open", open);
  find("[data-ma-nav=open]")?.setAttribute("aria-expanded", String(open));
  if (location.hash === "#nav") history.replaceState(null, "", location.pathname + location.search);
  (open ? find("a", navigation) : find("[data-ma-nav=open]"))?.focus();
}

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("a, button, summary, [data-ma-nav]");
  for (const menu of all("details.ma-menu[open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
  if (!target) return;
  if (target.getAttribute("aria-disabled") === "true") {
    event.preventDefault();
  } else if (target.dataset.maCopy !== undefined) {
    copy(target);
  } else if (target.dataset.maPause !== undefined) {
    pause(target);
  } else if (target.dataset.maNav) {
    event.preventDefault();
    openNavigation(target.dataset.maNav === "open");
  } else if (target.dataset.maDialog) {
    document.getElementById(target.dataset.maDialog)?.showModal();
  } else if (target.dataset.maClose !== undefined) {
    target.closest("dialog")?.close();
  }
});

/* Keys, only those whose target is on the page. No key approves, deploys or deletes. */

const KEYS_OFF = "ma-keys-off";
const GO = { s: "/spools/", d: "/domains/", p: "/pushes/", a: "/audit/" };
let went = 0;

function rowStep(step) {
  const rows = all("[data-ma-row]");
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
  find("a", next)?.focus();
}

function focusOn(event, selector) {
  const field = find(selector);
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
}

function press(event) {
  if (event.key === "Escape") {
    for (const menu of all("details.ma-menu[open]")) {
      menu.removeAttribute("open");
      find("summary", menu)?.focus();
    }
    if (find("#nav[data-open]")) openNavigation(false);
    return;
  }
  if (localStorage.getItem(KEYS_OFF) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog")) return;
  if (Date.now() - went < 1200 && GO[event.key] && find(`#nav a[href="${GO[event.key]}"]`)) {
    location.href = GO[event.key];
    return;
  }
  went = event.key === "g" ? Date.now() : 0;
  if (event.key === "j") rowStep(1);
  if (event.key === "k") rowStep(-1);
  if (event.key === "x") {
    event.target.closest("[data-ma-row]")?.dispatchEvent(new CustomEvent("ma:select", { bubbles: true }));
  }
  if (event.key === "?") find("#keys")?.showModal();
  if (event.key === "/") focusOn(event, "[data-ma-route]");
  if (event.key === "f") focusOn(event, "[data-ma-search]");
}

document.addEventListener("keydown", press);

document.addEventListener("change", (event) => {
  if (event.target.id === "keys-on") {
    if (event.target.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "yes");
  }
  const every = event.target.closest?.("[data-ma-check-all]");
  if (every) for (const box of all(every.dataset.maCheckAll)) box.checked = every.checked;
});

/* The theme changes at once; the form behind it writes the cookie. */

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-ma-theme-form]") || !event.submitter) return;
  event.preventDefault();
  unsend(event.target);
  const name = event.submitter.value;
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.maTheme = name;
  root.setAttribute("data-bs-theme", name === "auto" ? (dark ? "dark" : "light") : name);
  for (const button of all("button[name=theme]", event.target)) {
    button.setAttribute("aria-pressed", String(button === event.submitter));
  }
  const body = new FormData(event.target, event.submitter);
  fetch(event.target.action, { method: "POST", body, redirect: "manual" });
});

const keysOn = find("#keys-on");
if (keysOn) keysOn.checked = !localStorage.getItem(KEYS_OFF);
window.setTimeout(() => all("#toasts [data-ma-passing]").forEach((toast) => toast.remove()), 6000);
window.setInterval(tick, 1000);
tick();
