// Looks at the operator's page. Says a line for each claim that it has seen; `refuse` has the server refuse somebody.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const wanted = JSON.parse(process.argv[2]);
const modules = createRequire(pathToFileURL(path.join(wanted.modules, "nothing.js")));
const puppeteer = modules("puppeteer-core");
const axe = modules("axe-core").source;
const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const said = (line) => process.stdout.write(line + "\n");
const refuse = async () => {
  said("refuse");
  assert.equal((await answers.next()).value, "refused");
};

const wide = { width: 1280, height: 900 };
const narrow = { width: 360, height: 780, isMobile: true, hasTouch: true };
// Milliseconds; a machine may be busy.
const patience = 120_000;
const levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

// A page on which nothing may go wrong; `script` false for a browser without, `clock` to tick by hand.
const open = async (browser, { at = wanted.page, size = wide, scheme = "light", script = true, clock = false } = {}) => {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.faults = [];
  page.asked = [];
  page.on("console", (message) => message.type() === "error" && page.faults.push(message.text()));
  page.on("pageerror", (error) => page.faults.push(error.message));
  page.on("request", (request) => page.asked.push(request.url()));
  await page.setViewport(size);
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.setJavaScriptEnabled(script);
  if (clock) await page.evaluateOnNewDocument(hands);
  page.home = at;
  await page.goto(at, { waitUntil: "load" });
  return page;
};

const close = async (page) => {
  assert.deepEqual(page.faults, []);
  for (const url of page.asked) assert.ok(url.startsWith(page.home) || url.startsWith("data:"), url);
  await page.browserContext().close();
};

// In the page: its timer is wound by the test, and answers are held back while `hold` is a promise.
const hands = () => {
  const own = window.fetch;
  window.setInterval = (tick) => (window.tick = tick);
  window.fetches = 0;
  window.fetch = async (...about) => {
    window.fetches += 1;
    const answer = await own(...about);
    await window.hold;
    return answer;
  };
};

// How much wider than the phone the page is. A phone would zoom out, and call that its width.
const sideways = (page) => page.evaluate((width) => document.documentElement.scrollWidth - width, narrow.width);
const unfold = (page) =>
  page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
const text = (page) => page.$eval("main", (main) => main.innerText);
const refusals = (page) => page.$$eval(".refusals li > details", (all) => all.length);

const its_own = async (browser) => {
  const page = await open(browser);
  const address = new URL(wanted.page).origin;
  const paths = page.asked.filter((url) => !url.startsWith("data:")).map((url) => url.replace(address, ""));
  assert.deepEqual(paths.toSorted(), ["/", "/page.css", "/page.js"]);
  await close(page);
  const other = await open(browser);
  const refused = await other.evaluate(async () => {
    const refused = [];
    const both = new Promise((resolve) =>
      document.addEventListener("securitypolicyviolation", (event) =>
        refused.push(event.effectiveDirective) === 2 && resolve()));
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    await fetch("https://elsewhere.invalid/").catch(() => {});
    await both;
    return [Boolean(window.ran), ...refused.toSorted()];
  });
  assert.deepEqual(refused, [false, "connect-src", "script-src-elem"]);
  await other.browserContext().close();
  said("it may load nothing that is not its own, and loads nothing else");
};

const accessible = async (browser, name, how) => {
  const page = await open(browser, how);
  await page.evaluate(axe);
  for (const prepare of [async () => {}, unfold]) {
    await prepare(page);
    const found = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), levels);
    const faults = found.violations.map((fault) => [fault.id, fault.nodes.map((node) => node.html)]);
    assert.deepEqual(faults, []);
    assert.ok(found.passes.some((rule) => rule.id === "color-contrast"));
  }
  await close(page);
  said("axe finds nothing: " + name);
};

const without_script = async (browser) => {
  const page = await open(browser, { script: false });
  const told = await text(page);
  const all = [...wanted.callers, ...wanted.refusals, "in 2 days", "ended", "stale", "Snapshot 2"];
  for (const one of all) assert.ok(told.includes(one), one);
  assert.equal(await refusals(page), 5);
  assert.equal(await page.$eval("#refresh", (place) => place.childElementCount), 0);
  assert.ok(!(await page.content()).includes(wanted.subject));
  const summary = await page.$(".refusals summary");
  await summary.click();
  assert.ok((await text(page)).includes("Thumbprint"));
  await close(page);
  said("without script: everybody and everything is there");
  const phone = await open(browser, { script: false, size: narrow });
  assert.ok((await sideways(phone)) <= 0);
  await close(phone);
  said("without script: on a phone nothing scrolls sideways");
};

const on_a_phone = async (browser) => {
  const page = await open(browser, { size: narrow });
  assert.ok((await sideways(page)) <= 0);
  await unfold(page);
  assert.ok((await sideways(page)) <= 0);
  // It would be seen.
  await page.$eval(".tiles", (tiles) => (tiles.style.width = "400px"));
  assert.ok((await sideways(page)) > 0);
  await close(page);
  said("on a phone nothing scrolls sideways, with everything open");
};

// By the page's own clock.
const in_place = async (browser) => {
  const page = await open(browser);
  const visits = () => page.evaluate(() => performance.getEntriesByType("navigation").length + (window.mark ??= 0));
  await page.evaluate(() => (window.mark = 41));
  const row = ".refusals li:last-child > details";
  const id = await page.$eval(row, (details) => details.id);
  await page.click(row + " > summary");
  await refuse();
  await page.waitForFunction(() => document.querySelectorAll(".refusals li > details").length === 6);
  const now = await page.evaluate((id) => {
    const summary = document.activeElement;
    return [document.getElementById(id).open, summary.localName, summary.parentElement.id];
  }, id);
  assert.deepEqual(now, [true, "summary", id]);
  assert.equal(await page.$$eval("details[open]", (all) => all.length), 1);
  assert.equal(await visits(), 42);
  await close(page);
  said("a new refusal appears in place; what is open stays open, and the focus where it was");
};

// Ticks, and waits until the page is another.
const tick = (page) =>
  page.evaluate(async () => {
    const other = new Promise((resolve) =>
      new MutationObserver(resolve).observe(document.querySelector("main"), { childList: true }));
    window.tick();
    await other;
  });

const focus_elsewhere = async (browser) => {
  const page = await open(browser, { clock: true });
  const link = () => page.evaluate(() => document.activeElement.getAttribute("href") ?? document.activeElement.id);
  await page.focus(".warnings li:last-child a");
  const before = await link();
  await tick(page);
  assert.equal(await link(), before);
  assert.ok(await page.evaluate(() => document.querySelector("main").contains(document.activeElement)));
  await page.evaluate(() => {
    const gone = document.querySelector(".warnings").appendChild(document.createElement("button"));
    gone.focus();
  });
  await tick(page);
  assert.equal(await link(), "now");
  await close(page);
  said("a focus elsewhere stays, and goes to the page where its place is gone");
};

const press = (page) => page.click("#refresh button");
const status = (page) => page.$eval("#refresh [role=status]", (place) => place.innerText);
const fetches = (page) => page.evaluate(() => window.fetches);

const paused = async (browser) => {
  const page = await open(browser, { clock: true });
  const before = await refusals(page);
  await refuse();
  await page.evaluate(() => {
    window.hold = new Promise((resolve) => (window.release = resolve));
    window.tick();
  });
  await press(page);
  assert.equal(await status(page), "stands still");
  // What was underway comes, and is let go; what would be next is not asked for.
  await page.evaluate(async () => {
    window.release();
    await window.hold;
    await new Promise(requestAnimationFrame);
    window.tick();
  });
  assert.equal(await refusals(page), before);
  assert.equal(await fetches(page), 1);
  await press(page);
  await page.waitForFunction((more) => document.querySelectorAll(".refusals li > details").length === more, {}, before + 1);
  assert.equal(await fetches(page), 2);
  await close(page);
  said("who pauses is not refreshed, by what was underway neither");
};

const lost = async (browser) => {
  const page = await open(browser, { clock: true });
  assert.equal(await status(page), "refreshed every 5 seconds");
  await page.setOfflineMode(true);
  await page.evaluate(() => window.tick());
  const says = (part) =>
    page.waitForFunction((part) => document.querySelector("#refresh [role=status]").innerText.includes(part), {}, part);
  await says("no answer: what stands here is old");
  assert.equal(await page.$eval("#refresh [role=status]", (place) => place.checkVisibility()), true);
  await page.setOfflineMode(false);
  await page.evaluate(() => window.tick());
  await says("refreshed every 5 seconds");
  // One that is slow is not asked a second time meanwhile.
  const before = await fetches(page);
  await page.evaluate(() => {
    window.hold = new Promise((resolve) => (window.release = resolve));
    window.tick();
    window.tick();
  });
  await says("no answer yet: what stands here is old");
  assert.equal(await fetches(page), before + 1);
  await page.evaluate(() => window.release());
  await says("refreshed every 5 seconds");
  page.faults = page.faults.filter((fault) => !fault.includes("ERR_INTERNET_DISCONNECTED"));
  await close(page);
  said("a lost server is told in words, and found again");
};

// Before anything else happens, so that they are the same each time.
const pictures = async (browser) => {
  for (const [name, how] of [
    ["light", { size: { width: 1120, height: 1500 } }],
    ["dark", { size: { width: 1120, height: 1500 }, scheme: "dark" }],
    ["narrow", { size: { ...narrow, height: 1500 } }],
  ]) {
    const page = await open(browser, how);
    for (const folder of wanted.pictures) {
      fs.mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: path.join(folder, `operators-page-${name}.png`), optimizeForSpeed: false });
      if (process.env.COUNTERSIGN_PICTURES === folder)
        await page.screenshot({ path: path.join(folder, `operators-page-${name}-whole.png`), fullPage: true });
    }
    await close(page);
  }
};

const root = process.getuid?.() === 0;
const browser = await puppeteer.launch({
  executablePath: wanted.chromium,
  timeout: patience,
  // Chromium will not be root in a sandbox.
  args: root ? ["--no-sandbox"] : [],
});
try {
  await pictures(browser);
  await its_own(browser);
  for (const scheme of ["light", "dark"])
    for (const [name, size] of [["wide", wide], ["narrow", narrow]])
      await accessible(browser, `${scheme}, ${name}`, { scheme, size });
  await accessible(browser, "before anything has happened", { at: wanted.quiet });
  await without_script(browser);
  await on_a_phone(browser);
  await in_place(browser);
  await focus_elsewhere(browser);
  await paused(browser);
  await lost(browser);
} finally {
  await browser.close();
}
// As long as it could be told something, it would wait.
process.stdin.destroy();
