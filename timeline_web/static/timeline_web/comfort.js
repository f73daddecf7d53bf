// Comfort only: the site does all of its work without this file.
"use strict";

// Characters left, counted as the API counts them: by code point, after trimming.
for (const box of document.querySelectorAll("textarea[data-limit]")) {
  const limit = Number(box.dataset.limit);
  const count = box.form.querySelector("[data-count]");
  if (!count) continue;
  const show = () => {
    const left = limit - [...box.value.trim()].length;
    count.textContent = left >= 0 ? `${left} left` : `${-left} too many`;
    count.classList.toggle("over", left < 0);
  };
  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form.requestSubmit();
  });
  show();
}

// Relative times grow older while the page is open; what is older than a day stays as it came.
const age = () => {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (seconds >= 86400) continue;
    if (seconds < 60) time.textContent = "just now";
    else if (seconds < 3600) time.textContent = `${Math.floor(seconds / 60)} min ago`;
    else time.textContent = `${Math.floor(seconds / 3600)} h ago`;
  }
};
setInterval(age, 30000);
