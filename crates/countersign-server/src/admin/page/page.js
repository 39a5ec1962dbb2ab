// Fetches the page again now and then, and replaces what has changed. Without this script everything can be read, too.
(() => {
  "use strict";
  const every = 5000;
  const place = document.getElementById("refresh");
  const button = document.createElement("button");
  let paused = false;
  button.type = "button";

  const say = () => {
    button.textContent = paused ? "Refresh" : "Pause";
    button.title = paused ? "The page stands still" : "The page is refreshed every 5 seconds";
  };

  const replace = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    const old = document.querySelector("main");
    if (!fresh) return;
    for (const open of old.querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector("#" + CSS.escape(open.id));
      if (same) same.open = true;
    }
    const focused = document.activeElement?.closest("details[id]")?.id;
    old.replaceChildren(...fresh.childNodes);
    if (focused) document.getElementById(focused)?.querySelector("summary")?.focus({ preventScroll: true });
  };

  const refresh = async () => {
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      replace(await answer.text());
      document.body.classList.remove("lost");
    } catch {
      document.body.classList.add("lost");
      button.title = "The server did not answer; what stands here is old";
    }
  };

  const selecting = () => String(getSelection()) !== "";
  setInterval(() => { if (!paused && !document.hidden && !selecting()) refresh(); }, every);
  button.addEventListener("click", () => { paused = !paused; say(); if (!paused) refresh(); });
  say();
  place.append(button);
})();
