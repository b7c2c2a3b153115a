// The whole story of two accounts, clicked and typed through: node journey.mjs,
// with {origin, executable, screenshots, outbox, passwords} as JSON on standard
// input. Prints the secrets that it has met, as JSON.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as after } from "node:timers/promises";

import { Browser, reach, tabTo, typeInto } from "./browser.mjs";

const given = JSON.parse(await text(process.stdin));
const { origin, outbox, passwords } = given;
const OWNER = "casey@example.test";
const MATE = "robin@example.test";
const secrets = [];
const browser = await Browser.open({
  ...given,
  expected: [
    "401 /api/auth/sign-in/email",
    "404 /v1/auth/inviteDetails",
    "409 /v1/auth/signupAndCreateOrg",
  ],
});

// The API, as the command line uses it.
async function rpc(procedure, input = {}) {
  const response = await fetch(`${origin}/v1/auth/${procedure}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ json: input }),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, `${procedure}: ${JSON.stringify(answer)}`);
  return answer.json;
}

// The newest link in the mails to `address` whose URL has `part` in it.
async function mailedLink(address, part, count = 1) {
  const wanted = new RegExp(`http://\\S*${part}[^\\s<>"]*`);
  for (let tries = 0; tries < 100; ++tries) {
    const links = fs.readdirSync(outbox)
      .filter((name) => name.endsWith(".eml"))
      .map((name) => path.join(outbox, name))
      .sort((a, b) => fs.statSync(a).mtimeMs - fs.statSync(b).mtimeMs)
      .map((file) => fs.readFileSync(file, "utf8"))
      .filter((mail) => mail.includes(`To: ${address}`))
      .map((mail) => wanted.exec(mail)?.[0])
      .filter(Boolean);
    if (links.length >= count) return links.at(-1);
    await after(100);
  }
  assert.fail(`no mail to ${address} with a link to ${part}`);
}

async function followVerification(person, address, count) {
  const page = await person.newPage();
  await page.goto(await mailedLink(address, "/verify-email\\?", count));
  await page.close();
}

async function signUpForTheCommandLine() {
  const login = await rpc("cliLoginCreate");
  secrets.push(login.secret);
  const request = { requestId: login.requestId, secret: login.secret };
  const person = await browser.person();
  const page = await person.newPage();
  await page.goto(
    `/signin?cliLoginId=${login.requestId}` +
      `&cliLoginSecret=${encodeURIComponent(login.secret)}&mode=signup`,
  );
  await reach(page, "Sign up");
  assert.equal(page.url(), `${origin}/signin`, "the secret stays in the bar");
  await browser.shoot(page, "cli-signup");
  await typeInto(page, {
    "#signup-name": "Casey",
    "#signup-email": OWNER,
    "#signup-password": passwords.owner,
    "#signup-organizationName": "Example & Sons",
  });

  await reach(page, "Confirm your e-mail address");
  await browser.shoot(page, "cli-verify");
  await page.getByRole("button", { name: "Send the mail again" }).click();
  await page.getByText(`Sent again to ${OWNER}.`).waitFor();
  await followVerification(person, OWNER, 2);

  await reach(page, "Log in the command line?");
  await page.getByRole("strong").filter({ hasText: OWNER }).first().waitFor();
  await browser.shoot(page, "cli-approve");
  assert.equal((await rpc("cliLoginPoll", request)).status, "pending");
  await tabTo(page, "form[name=approve] button:not([type])");
  await page.keyboard.press("Enter");
  await reach(page, "The command line is logged in");
  await browser.shoot(page, "cli-approved");

  const answer = await rpc("cliLoginPoll", request);
  assert.equal(answer.status, "approved");
  assert.equal(answer.email, OWNER);
  secrets.push(answer.cookieHeader);
  const session = await fetch(`${origin}/api/auth/get-session`, {
    headers: { cookie: answer.cookieHeader },
  });
  assert.equal((await session.json()).user.email, OWNER);
  return person;
}

// Signed in by now: a second login only asks.
async function approveOnceMore(owner) {
  const login = await rpc("cliLoginCreate");
  const page = await owner.newPage();
  await page.goto(
    `/signin?cliLoginId=${login.requestId}&cliLoginSecret=${login.secret}`,
  );
  await reach(page, "Log in the command line?");
  await page.getByRole("button", { name: "Use another account" }).click();
  await reach(page, "Sign in");
  const answer = await rpc("cliLoginPoll", {
    requestId: login.requestId, secret: login.secret,
  });
  assert.equal(answer.status, "pending");
  await typeInto(page, {
    "#signin-email": OWNER, "#signin-password": passwords.owner,
  });
  await reach(page, "Log in the command line?");
  await page.close();
}

async function takenNamesAreSaidAtTheField() {
  const person = await browser.person();
  const page = await person.newPage();
  await page.goto("/signin");
  await page.getByRole("button", { name: "Sign up" }).click();
  await typeInto(page, {
    "#signup-name": "Alex",
    "#signup-email": "alex@example.test",
    "#signup-password": passwords.mate,
    "#signup-organizationName": "Example Sons",
  });
  await page.getByText("Another organisation has this short name.").waitFor();
  assert.equal(await page.inputValue("#signup-name"), "Alex");
  await browser.shoot(page, "signup-slug-taken");
}

async function invite(owner) {
  const headers = { origin };
  const list = await owner.request.get("/api/auth/organization/list");
  const [organization] = await list.json();
  const response = await owner.request.post(
    "/api/auth/organization/invite-member",
    {
      headers,
      data: { email: MATE, role: "member", organizationId: organization.id },
    },
  );
  assert.equal(response.status(), 200, await response.text());
  return `/invite?tenantSlug=${organization.slug}` +
    `&invitationId=${(await response.json()).id}&accept=1`;
}

async function acceptInvitation(owner) {
  const link = await invite(owner);
  const wrong = await owner.newPage();
  await wrong.goto(link);
  await reach(wrong, "This invitation is for somebody else");
  await browser.shoot(wrong, "invite-other");
  await wrong.close();

  const mate = await browser.person();
  const page = await mate.newPage();
  await page.goto(link);
  await reach(page, "Join Example & Sons");
  await browser.shoot(page, "invite-signup");
  await typeInto(page, {
    "#signup-name": "Robin", "#signup-password": passwords.mate,
  });
  await reach(page, "Confirm your e-mail address");
  await followVerification(mate, MATE);
  await reach(page, "You are a member of Example & Sons");
  await browser.shoot(page, "invite-joined");

  await page.goto(link);
  await reach(page, "This invitation cannot be used");
  await browser.shoot(page, "invite-gone");
  await page.goto("/");
  await page.getByText("Example & Sons").waitFor();
  await browser.shoot(page, "account");
  return mate;
}

async function signInRefusesThenTakes(page, wrong, right) {
  await page.goto("/signin");
  await reach(page, "Sign in");
  await typeInto(page, {
    "#signin-email": OWNER, "#signin-password": wrong,
  });
  await page.getByText("E-mail address or password is wrong.").waitFor();
  await browser.shoot(page, "signin-wrong");
  await page.fill("#signin-password", right);
  await page.keyboard.press("Enter");
  await reach(page, "Your account");
}

// An account that was made without an organisation gets one on the way in.
async function organizationAfterwards() {
  const email = "alex@example.test";
  const person = await browser.person();
  const made = await person.request.post("/api/auth/sign-up/email", {
    headers: { origin },
    data: { name: "Alex", email, password: passwords.mate },
  });
  assert.equal(made.status(), 200, await made.text());
  const page = await person.newPage();
  await page.goto("/verify-email");
  await reach(page, "Confirm your e-mail address");
  await followVerification(person, email);
  await reach(page, "Your e-mail address is confirmed");
  await page.goto("/signin");
  await reach(page, "Create your organisation");
  await browser.shoot(page, "organization");
  await typeInto(page, { "#organization-organizationName": "Second" });
  await reach(page, "Your account");
  await page.getByText("Second").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await reach(page, "Libretto Cloud");
}

async function resetPassword(owner) {
  const person = await browser.person();
  const page = await person.newPage();
  await page.goto("/forgot-password");
  await typeInto(page, { "#forgot-email": OWNER });
  await page.getByText("a link is on its way there").waitFor();
  await browser.shoot(page, "forgot-sent");

  await page.goto(await mailedLink(OWNER, "/reset-password/"));
  await reach(page, "Choose a new password");
  assert.equal(page.url(), `${origin}/reset-password`, "the token stays");
  await typeInto(page, { "#reset-newPassword": passwords.ownersNext });
  await reach(page, "Your password is changed");
  await browser.shoot(page, "reset-done");

  const ended = await owner.request.get("/api/auth/get-session");
  assert.equal(await ended.json(), null, "the other session lives on");
  await signInRefusesThenTakes(page, passwords.owner, passwords.ownersNext);
}

async function deleteAccount(mate) {
  const page = await mate.newPage();
  await page.goto("/delete-account");
  await typeInto(page, { "#delete-email": OWNER });
  await page.getByText(`That is not ${MATE}.`).waitFor();
  await browser.shoot(page, "delete");
  await page.fill("#delete-email", MATE);
  await page.keyboard.press("Enter");
  await reach(page, "Your account is deleted");
  await browser.shoot(page, "delete-done");
  await page.goto("/");
  await reach(page, "Libretto Cloud");
}

const owner = await signUpForTheCommandLine();
await approveOnceMore(owner);
await takenNamesAreSaidAtTheField();
const mate = await acceptInvitation(owner);
await organizationAfterwards();
await resetPassword(owner);
await deleteAccount(mate);
await browser.close();
console.log(JSON.stringify(secrets));
