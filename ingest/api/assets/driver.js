// Asks for the page again while something goes on, and takes over what has changed. Without it the page reloads itself.
"use strict";
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button");
  if (button) setTimeout(() => { button.disabled = true; }); // after the form has gone: a second tap does nothing
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("button")) button.disabled = false;
});
const offline = document.getElementById("offline");
const take = (now, next) => {
  if (now.dataset.state !== next.dataset.state) {
    now.replaceWith(next);
    return;
  }
  for (const part of next.querySelectorAll("[data-live]")) {
    const old = now.querySelector(`[data-live="${part.dataset.live}"]`);
    if (old && old.innerHTML !== part.innerHTML) old.replaceWith(part);
  }
};
const again = () => {
  const main = document.querySelector("main[data-refresh]");
  if (!main) return;
  setTimeout(async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(location.pathname, { cache: "no-store" });
        if (!answer.ok) throw new Error(String(answer.status));
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        document.title = page.title;
        take(document.querySelector("main"), page.querySelector("main"));
        offline.hidden = true;
      } catch {
        offline.hidden = false;
      }
    }
    again();
  }, Number(main.dataset.refresh) * 1000);
};
again();
