// A Chromium that watches itself: whatever a page logs as an error, every
// request that leaves the cloud's origin, and anything that a page stores is
// remembered and fails the run.
import assert from "node:assert/strict";
import path from "node:path";
import process from "node:process";

import { chromium } from "playwright-core";

const FLAGS = [
  "--disable-background-networking", "--disable-component-update",
  "--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run",
];

export class Browser {
  // `expected`: "STATUS PATH" of the failures that a run provokes.
  static async open({ origin, executable, screenshots, expected = [] }) {
    const chrome = await chromium.launch({
      executablePath: executable,
      args: FLAGS,
      chromiumSandbox: process.getuid() !== 0,
    });
    return new Browser(chrome, origin, screenshots, new Set(expected));
  }

  constructor(chrome, origin, screenshots, expected) {
    Object.assign(this, { chrome, origin, screenshots, expected });
    this.complaints = [];
    this.pages = [];
  }

  // A person with a browser of their own: cookies are not shared.
  async person(options = {}) {
    const context = await this.chrome.newContext({
      baseURL: this.origin,
      viewport: { width: 900, height: 760 },
      ...options,
    });
    context.on("page", (page) => this.#watch(page));
    return context;
  }

  #watch(page) {
    this.pages.push(page);
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      if (this.#isExpected(message)) return;
      this.complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol === "data:" || url.origin === this.origin) return;
      this.complaints.push(`a request to ${url.origin}`);
    });
  }

  #isExpected(message) {
    const status = /responded with a status of (\d+)/.exec(message.text())?.[1];
    const where = message.location().url;
    return (
      status !== undefined && where !== "" &&
      this.expected.has(`${status} ${new URL(where).pathname}`)
    );
  }

  // The page as it stands, light and dark; and that it can be read out.
  async shoot(page, name) {
    await checkReadable(page, name);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({
        path: path.join(this.screenshots, `${name}-${colorScheme}.png`),
        fullPage: true,
      });
    }
    await page.emulateMedia({ colorScheme: null });
  }

  async close() {
    for (const page of this.pages.filter((page) => !page.isClosed())) {
      this.complaints.push(...(await storedBy(page)));
    }
    await this.chrome.close();
    assert.deepEqual(this.complaints, []);
  }
}

// A page of the browser's own (about:blank) has no storage to look at.
async function storedBy(page) {
  if (!page.url().startsWith("http")) return [];
  const names = await page.evaluate(() => [
    ...Object.keys(localStorage), ...Object.keys(sessionStorage),
  ]);
  return names.map((name) => `${page.url()} stores ${name}`);
}

// One heading, a name for everything that can be operated, and a description
// for every field that is wrong.
async function checkReadable(page, name) {
  const faults = await page.evaluate(() => {
    const visible = (selector) =>
      [...document.querySelectorAll(selector)].filter((e) =>
        e.checkVisibility());
    const found = [];
    const headings = visible("h1").length;
    if (headings !== 1) found.push(`${headings} headings`);
    if (!document.documentElement.lang) found.push("no language");
    if (!document.title) found.push("no title");
    for (const input of visible("input")) {
      if (input.labels.length === 0) found.push(`${input.id}: no label`);
      const texts = (input.getAttribute("aria-describedby") ?? "").split(" ")
        .map((id) => document.getElementById(id)?.textContent);
      if (input.ariaInvalid === "true" && !texts.at(-1)) {
        found.push(`${input.id}: wrong, and nothing says why`);
      }
    }
    for (const button of visible("button, a")) {
      if (!button.textContent.trim()) found.push("a button without a name");
    }
    return found;
  });
  assert.deepEqual(faults, [], name);
}

// Waits for the step whose heading is `heading`.
export async function reach(page, heading) {
  try {
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  } catch {
    const seen = await page.locator("main").innerText();
    assert.fail(`waited in vain for "${heading}"; the page says:\n${seen}`);
  }
}

// Goes to what `selector` finds with the Tab key alone, and sees where it is.
export async function tabTo(page, selector) {
  for (let presses = 0; presses < 20; ++presses) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate((wanted) => {
      const focused = document.activeElement;
      if (!focused.matches(wanted)) return "";
      return getComputedStyle(focused).outlineStyle;
    }, selector);
    if (seen === "") continue;
    assert.notEqual(seen, "none", `the focus on ${selector} is not visible`);
    return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}

// Fills fields in the order of the page, and submits, from the keyboard.
export async function typeInto(page, fields) {
  for (const [selector, text] of Object.entries(fields)) {
    await tabTo(page, selector);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(text);
  }
  await page.keyboard.press("Enter");
}
