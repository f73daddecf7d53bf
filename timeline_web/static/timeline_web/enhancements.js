// Enhancements: the site works without this file.
"use strict";

// Ignore the second click of a double click: it could hit the undo button of the next page.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("button")) event.preventDefault();
}, true);

// Count the characters left as the API does: by code point, after trimming.
for (const box of document.querySelectorAll("textarea[data-limit]")) {
  const limit = Number(box.dataset.limit);
  const count = box.form.querySelector("[data-count]");
  if (!count) continue;
  const show = () => {
    const left = limit - [...box.value.trim()].length;
    count.textContent = left >= 0
      ? say(gettext("%(number)s left"), { number: left })
      : say(gettext("%(number)s too many"), { number: -left });
    count.classList.toggle("over", left < 0);
  };
  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form.requestSubmit();
  });
  show();
}

// Lists: load older messages on scrolling, newer ones on a click.
const fetched = async (url) => {
  const answer = await fetch(url, { headers: { "X-Requested-With": "enhancements" } });
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
};
const list = document.querySelector("main > ol.messages:last-of-type");
const older = document.querySelector(".pager .older");
if (list && older) {
  const watch = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    watch.disconnect();
    try {
      const page = await fetched(older.href);
      for (const item of page.querySelectorAll("main > ol.messages:last-of-type > li")) {
        if (!item.id || !document.getElementById(item.id)) list.append(item);
      }
      localize(list);
      const next = page.querySelector(".pager .older");
      if (!next) return older.remove();
      older.href = next.href;
      watch.observe(older);
    } catch {
      // The link is still there, and its page says what is wrong.
    }
  }, { rootMargin: "400px" });
  watch.observe(older);
}
const box = list && document.querySelector("main[data-live]") && !location.search;
if (box) {
  const more = document.createElement("button");
  more.className = "plain more";
  more.hidden = true;
  list.before(more);
  let fresh = [], hole = false;
  more.addEventListener("click", () => {
    if (hole) return location.reload();
    list.prepend(...fresh);
    localize(list);
    more.hidden = true;
  });
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const page = await fetched(location.href);
      const items = [...page.querySelectorAll("main > ol.messages:last-of-type > li")];
      const known = items.findIndex((item) => document.getElementById(item.id));
      // More new messages than a page has: those in between would be missing.
      hole = known < 0;
      fresh = items.slice(0, hole ? items.length : known);
      more.hidden = !fresh.length;
      const number = fresh.length;
      more.textContent = say(
        ngettext("%(number)s new message", "%(number)s new messages", number), { number });
    } catch {
      // The next interval tries again.
    }
  }, 30000);
}

// Keyboard shortcuts.
const legend = document.getElementById("keys");
const press = (selector) => document.activeElement.closest?.("li.message")?.querySelector(selector)?.click();
const step = (by) => {
  const items = [...document.querySelectorAll("li.message")];
  const item = items[items.indexOf(document.activeElement) + by] ?? items.at(by < 0 ? 0 : -1);
  if (!item) return;
  item.tabIndex = -1;
  item.focus();
  item.scrollIntoView({ block: "nearest" });
};
const keys = {
  j: () => step(1),
  k: () => step(-1),
  l: () => press(".like"),
  b: () => press(".repost"),
  r: () => press(".reply"),
  n: () => (document.querySelector("textarea") ?? legend).focus(),
  h: () => location.assign("/"),
  "/": () => location.assign("/search"),
  "?": () => legend.showModal(),
};
// On a layout without Latin letters, the key at the place where a Latin one has the letter.
const named = ({ key, code, shiftKey }) =>
  key < "\x7f" ? key : code === "Slash" ? (shiftKey ? "?" : "/") : code.slice(3).toLowerCase();
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select");
  if (!legend || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = keys[named(event)];
  if (!act) return;
  event.preventDefault();
  act();
});
document.querySelector("[data-keys]")?.addEventListener("click", () => legend.showModal());

// Signing out deletes the drafts of writing.js: somebody else may use the browser next.
if (document.querySelector(".flashes .left")) {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("draft:")) localStorage.removeItem(key);
  } catch {
    // No storage, no drafts.
  }
}
// On a phone the tabs scroll sideways: show the current one.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
