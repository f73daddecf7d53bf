// Writing a message: a draft that outlives a reload, and names that are completed.
"use strict";

const writing = document.getElementById("text");
const draftKey = ["draft", document.body.dataset.member, writing.form.elements.in_reply_to?.value ?? ""].join(":");

// Browsers may refuse storage; then there are no drafts.
const stored = (act) => {
  try { return act(); } catch { return null; }
};
stored(() => {
  // The site has recorded what this window has sent last.
  const sent = sessionStorage.getItem("sent");
  if (sent && document.querySelector(".flashes .recorded")) localStorage.removeItem(sent);
  sessionStorage.removeItem("sent");
});
const saveDraft = () => stored(() => {
  if (writing.value.trim()) localStorage.setItem(draftKey, writing.value);
  else localStorage.removeItem(draftKey);
});
const draft = stored(() => localStorage.getItem(draftKey));
if (writing.value) saveDraft(); // what the site gives back after a failure
else if (draft) {
  writing.value = draft;
  writing.dispatchEvent(new Event("input", { bubbles: true }));
}
writing.addEventListener("input", saveDraft);
writing.form.addEventListener("submit", () => stored(() => sessionStorage.setItem("sent", draftKey)));

// After an @, offer the members whose name begins so. The focus stays in the text; arrows choose,
// Enter or Tab takes, Escape closes (the combobox pattern of the ARIA Authoring Practices).
const names = document.createElement("ul");
names.id = "names";
names.className = "names card";
names.role = "listbox";
names.hidden = true;
names.setAttribute("aria-label", gettext("Members with this name"));
writing.after(names);
for (const [name, value] of Object.entries({ autocomplete: "list", controls: "names", haspopup: "listbox" })) {
  writing.setAttribute(`aria-${name}`, value);
}
let begun, asked;
const closeNames = () => {
  clearTimeout(begun);
  asked?.abort();
  names.hidden = true;
  names.replaceChildren();
  writing.removeAttribute("aria-activedescendant");
};
// The beginning of a name right before the caret; null if there is none.
const typedName = () => {
  const before = writing.value.slice(0, writing.selectionStart);
  return before.match(/(?:^|[^A-Za-z0-9_@])@([A-Za-z0-9_]{1,30})$/)?.[1] ?? null;
};
const choose = (option) => {
  for (const each of names.children) each.ariaSelected = String(each === option);
  writing.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};
const take = (option) => {
  const end = writing.selectionStart, start = end - typedName().length;
  closeNames();
  writing.setRangeText(`${option.dataset.name} `, start, end, "end");
  writing.dispatchEvent(new Event("input", { bubbles: true }));
};
const offer = async (prefix) => {
  asked = new AbortController();
  try {
    const url = `/search/names?${new URLSearchParams({ prefix })}`;
    const answer = await fetch(url, { signal: asked.signal });
    if (!answer.ok || answer.redirected || typedName() !== prefix) return;
    const { results } = await answer.json();
    names.replaceChildren(...results.map(({ name, shown }, number) => {
      const option = document.createElement("li");
      const handle = document.createElement("bdi");
      handle.textContent = `@${name}`;
      handle.dir = "ltr";
      option.append(handle, shown ? ` ${shown}` : "");
      option.id = `name-${number}`;
      option.role = "option";
      option.dataset.name = name;
      option.addEventListener("pointerdown", (event) => {
        event.preventDefault(); // the focus stays in the text
        take(option);
      });
      return option;
    }));
    names.hidden = !results.length;
    if (results.length) choose(names.firstElementChild);
  } catch {
    // Without names one types on.
  }
};
writing.addEventListener("input", () => {
  closeNames();
  const prefix = typedName();
  if (prefix) begun = setTimeout(() => offer(prefix), 150);
});
writing.addEventListener("blur", closeNames);
writing.addEventListener("keydown", (event) => {
  if (names.hidden) return;
  const chosen = names.querySelector("[aria-selected=true]");
  const acts = {
    ArrowDown: () => choose(chosen.nextElementSibling ?? names.firstElementChild),
    ArrowUp: () => choose(chosen.previousElementSibling ?? names.lastElementChild),
    Enter: () => take(chosen),
    Tab: () => take(chosen),
    Escape: closeNames,
  };
  if (!acts[event.key] || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  acts[event.key]();
});
