// Acts of members in place: likes, follows and the like change a part of the page, not the page.
"use strict";

// The addresses of forms whose answer is a change of the page (views/changes.py). Blocking changes
// all of a profile, but only the button of a row of people.
const IN_PLACE = /\/((un)?(like|follow|mute|pin)|repost|undo_repost|notifications\/read)$/;
const actForm = document.getElementById("act");

// Tell the reader what has happened, wherever they are on the page.
let told, toldUntil;
const tell = (text, failed) => {
  if (!told) {
    told = document.createElement("p");
    told.className = "told-now";
    told.role = "status";
    document.querySelector("main").append(told);
  }
  told.textContent = "";
  told.classList.toggle("failed", failed);
  // A screen reader announces a change of a region that was there before.
  setTimeout(() => { told.textContent = text; }, 100);
  clearTimeout(toldUntil);
  toldUntil = setTimeout(() => { told.textContent = ""; }, 8000);
};

const focusable = (elements) =>
  elements.flatMap((element) => [element, ...element.querySelectorAll("*")])
    .filter((element) => element.matches("a[href], button, input:not([type=hidden])"));

// Put `html` in the place of `old`. The keyboard stays at the button that was pressed, or comes to
// the message after the one that is gone.
const swap = (old, html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = [...template.content.children];
  const held = old.contains(document.activeElement);
  const place = focusable([old]).indexOf(document.activeElement);
  const beside = old.nextElementSibling ?? old.previousElementSibling;
  old.replaceWith(template.content);
  if (!held) return;
  const next = focusable(fresh)[place] ?? beside;
  if (next && !next.matches("a, button, input")) next.tabIndex = -1;
  next?.focus({ preventScroll: true });
};

// Send a form as the browser would, and change the page by the answer. Only one act at a time for
// each address: a second press waits for nothing and does nothing.
const running = new Set();
const act = async (url, fields) => {
  if (running.has(url)) return;
  running.add(url);
  try {
    const answer = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { "X-Requested-With": "enhancements" },
      keepalive: true, // the reader may go on to another page at once
    });
    if (answer.redirected) return location.assign(answer.url); // to sign in
    const { text, parts } = await answer.json();
    for (const { selector, html } of parts) {
      for (const old of document.querySelectorAll(selector)) swap(old, html);
    }
    if (text) tell(text, !answer.ok);
  } catch {
    tell(gettext("That did not work. Please try again."), true);
  } finally {
    running.delete(url);
  }
};

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.method !== "post") return;
  const url = new URL(submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? "", location);
  if (!IN_PLACE.test(url.pathname) && !submitter?.closest(".person")) return;
  event.preventDefault();
  act(url.href, new FormData(form));
});

// Deleting asks first. On the message's own page the link leads to the page that asks.
const ask = (link) => {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  const buttons = document.createElement("p");
  buttons.className = "buttons";
  text.id = "ask";
  text.textContent = gettext("Delete this message?");
  dialog.setAttribute("aria-labelledby", "ask");
  for (const [name, label, classes] of [["delete", gettext("Delete"), "danger"], ["", gettext("Keep it"), "plain"]]) {
    const button = document.createElement("button");
    button.textContent = label;
    button.className = classes;
    button.addEventListener("click", () => dialog.close(name));
    buttons.append(button);
  }
  dialog.append(text, buttons);
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus({ preventScroll: true });
    if (dialog.returnValue) act(link.href, new FormData(actForm));
  });
  document.body.append(dialog);
  dialog.showModal();
};
document.addEventListener("click", (event) => {
  const link = event.target.closest('a.act[href$="/delete"]');
  if (!link || !actForm || link.closest(".focus") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  ask(link);
});
