// Writing a message: a draft that outlives a reload.
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
