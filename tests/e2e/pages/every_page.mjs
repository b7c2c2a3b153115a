// Opens every page as somebody who is not signed in: node every_page.mjs, with
// {origin, executable, screenshots} as JSON on standard input.
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";

import { Browser, reach, tabTo } from "./browser.mjs";

const PAGES = {
  "account-signed-out": ["/", "Libretto Cloud"],
  signin: ["/signin", "Sign in"],
  signup: ["/signup", "Sign up"],
  "verify-ask": ["/verify-email", "Confirm your e-mail address"],
  verified: ["/auth/verified", "Your e-mail address is confirmed"],
  "verify-bad-link": [
    "/auth/verified?error=invalid_token", "This link does not work any more",
  ],
  forgot: ["/forgot-password", "Forgot your password?"],
  reset: ["/reset-password?token=secret", "Choose a new password"],
  "reset-bad-link": ["/reset-password", "This link does not work any more"],
};

const browser = await Browser.open(JSON.parse(await text(process.stdin)));

async function firstSteps() {
  const person = await browser.person();
  const page = await person.newPage();
  for (const [name, [path, heading]] of Object.entries(PAGES)) {
    await page.goto(path);
    await reach(page, heading);
    assert.equal(new URL(page.url()).search, "", "the query stays");
    await browser.shoot(page, name);
  }
  await page.goto("/delete-account");
  await reach(page, "Sign in");
}

async function formSaysWhatIsMissing() {
  const person = await browser.person();
  const page = await person.newPage();
  await page.goto("/signup");
  await reach(page, "Sign up");
  await tabTo(page, "#signup-name");
  await page.keyboard.type("Casey");
  await page.keyboard.press("Enter");
  await page.getByText("Enter your e-mail address.").waitFor();
  const focused = await page.evaluate(() => document.activeElement.id);
  assert.equal(focused, "signup-email", "the first wrong field has the focus");
  await browser.shoot(page, "signup-incomplete");
}

async function withoutJavaScript() {
  const person = await browser.person({ javaScriptEnabled: false });
  const page = await person.newPage();
  await page.goto("/signin");
  await reach(page, "This page needs JavaScript");
  assert.equal(await page.getByRole("button").count(), 0);
  await page.screenshot({ path: `${browser.screenshots}/no-javascript.png` });
}

async function onAPhone() {
  const viewport = { width: 320, height: 640 };
  const person = await browser.person({ viewport });
  const page = await person.newPage();
  await page.goto("/signup");
  await reach(page, "Sign up");
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - innerWidth,
  );
  assert.equal(overflow, 0, "the page is wider than the window");
  await browser.shoot(page, "signup-narrow");
}

await firstSteps();
await formSaysWhatIsMissing();
await withoutJavaScript();
await onAPhone();
await browser.close();
