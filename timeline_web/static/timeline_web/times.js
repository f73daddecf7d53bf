// Times: relative ones grow, exact ones are in the reader's zone. Before enhancements.js.
"use strict";

// gettext and interpolate are Django's JavaScriptCatalog in the page's language: /language/….js.
const say = (text, values) => interpolate(text, values, true);

// Update relative times, which have the exact one as their title. Those older than a day stay.
const age = () => {
  for (const time of document.querySelectorAll("time[title]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (seconds >= 86400) continue;
    const minutes = Math.floor(seconds / 60), hours = Math.floor(seconds / 3600);
    if (minutes < 1) time.textContent = gettext("just now");
    else if (hours < 1) time.textContent = say(gettext("%(number)s min ago"), { number: minutes });
    else time.textContent = say(gettext("%(number)s h ago"), { number: hours });
  }
};
setInterval(age, 30000);

// Exact times in the reader's zone. The site writes them in UTC if it does not know the zone.
const locale = { en: "en-GB" }[document.documentElement.lang] ?? document.documentElement.lang;
const clock = new Intl.DateTimeFormat(`${locale}-u-nu-latn`, {
  year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
  timeZone: document.body.dataset.zone, // what the reader has chosen, else the browser's
});
const localize = (root) => {
  for (const time of root.querySelectorAll("time:not([data-local])")) {
    time.dataset.local = "";
    const exact = clock.format(new Date(time.dateTime));
    if (time.title) time.title = exact;
    else time.textContent = exact;
  }
};
localize(document);
