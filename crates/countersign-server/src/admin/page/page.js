// Fetches the page again now and then, and replaces what has changed. Without this script everything can be read, too.
(() => {
  "use strict";
  const every = 5000;
  const said = document.createElement("span");
  const button = document.createElement("button");
  let paused = false;
  let underway = null;
  said.setAttribute("role", "status");
  button.type = "button";

  const say = (lost) => {
    const text = lost ?? (paused ? "stands still" : "refreshed every 5 seconds");
    // Screen readers read what changes: what is the same is left alone.
    if (said.textContent !== text) said.textContent = text;
    document.body.classList.toggle("lost", Boolean(lost));
    button.textContent = paused ? "Resume" : "Pause";
  };

  // Where the focus is, so that it can be found again: the nearest id, and which of its kind it is in there.
  const focus = (main) => {
    const element = document.activeElement;
    if (!main.contains(element) || element === main) return null;
    const home = element.closest("[id]");
    const place = [...home.querySelectorAll(element.localName)].indexOf(element);
    return { id: home.id, kind: element.localName, place };
  };

  const focusAgain = (main, { id, kind, place }) => {
    const home = document.getElementById(id);
    const same = place < 0 ? home : home?.querySelectorAll(kind)[place];
    (same ?? main).focus({ preventScroll: true });
  };

  const replace = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (!fresh) throw new Error("no page");
    const main = document.querySelector("main");
    for (const open of main.querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector("#" + CSS.escape(open.id));
      if (same) same.open = true;
    }
    const focused = focus(main);
    main.replaceChildren(...fresh.childNodes);
    if (focused) focusAgain(main, focused);
  };

  const fetched = async (signal) => {
    const answer = await fetch(location.pathname, { cache: "no-store", signal });
    if (!answer.ok) throw new Error("the answer is " + answer.status);
    return answer.text();
  };

  // One at a time; whoever pauses gives up the one that is underway.
  const refresh = async () => {
    const mine = new AbortController();
    underway = mine;
    try {
      const text = await fetched(AbortSignal.any([mine.signal, AbortSignal.timeout(6 * every)]));
      if (mine.signal.aborted) return;
      replace(text);
      say();
    } catch (error) {
      if (!mine.signal.aborted) say("no answer: what stands here is old");
    } finally {
      if (underway === mine) underway = null;
    }
  };

  const tick = () => {
    if (paused || document.hidden || String(getSelection()) !== "") return;
    if (underway) say("no answer yet: what stands here is old");
    else refresh();
  };

  button.addEventListener("click", () => {
    paused = !paused;
    underway?.abort();
    say();
    if (!paused) refresh();
  });
  say();
  document.getElementById("refresh").append(said, button);
  setInterval(tick, every);
})();
