// credentials() against the real agent and cloud.
import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { AgentError, credentials } from "libretto-agent";

import {
  NOWHERE,
  privateFolder,
  storedCredentials,
  useEnvironment,
} from "./fixtures.mjs";

const { username, password, spelled } = await storedCredentials();

test("the named ones come, folded and in order, and no other", async () => {
  const found = await credentials([" PassWord ", "username", "", "USERNAME"]);
  assert.deepEqual(Object.entries(found), [
    ["password", password],
    ["username", username],
  ]);
});

test("a value comes as it was stored", async () => {
  assert.equal((await credentials(["spelled"])).spelled, spelled);
});

test("nobody is asked for nothing", async (t) => {
  useEnvironment(t, NOWHERE);
  assert.deepEqual(await credentials([" "]), {});
});

test("a missing one is an error that names it", async () => {
  await assert.rejects(credentials(["username", "nothing"]), (error) => {
    assert.ok(error instanceof AgentError);
    assert.equal(error.name, "AgentError");
    assert.equal(error.code, "NOT_FOUND");
    assert.equal(error.message, "there is no credential named nothing");
    assert.equal(error.remedy, "librettoctl cloud credentials list");
    return true;
  });
});

test("of several failures the first name's is told", async () => {
  await assert.rejects(credentials(["not a name", "nothing"]), {
    code: "INVALID_ARGUMENT",
    message: /^not a name: a credential name is 1 to 128 characters/,
  });
});

test("LIBRETTO_PROFILE says for which account", async (t) => {
  useEnvironment(t, { LIBRETTO_PROFILE: "other" });
  await assert.rejects(credentials(["username"]), {
    code: "UNAUTHENTICATED",
    remedy: /librettoctl.* cloud auth login/,
  });
});

test("LIBRETTO_API_KEY acts for the call", async (t) => {
  useEnvironment(t, { LIBRETTO_API_KEY: " no-such-key " });
  await assert.rejects(credentials(["username"]), { code: "UNAUTHENTICATED" });
});

test("LIBRETTO_API_URL says which cloud is meant", async (t) => {
  useEnvironment(t, { LIBRETTO_API_URL: "http://127.0.0.1:1" });
  await assert.rejects(credentials(["username"]), { code: "UNAUTHENTICATED" });
});

test("without XDG_RUNTIME_DIR the lock file leads to the agent", async (t) => {
  useEnvironment(t, { XDG_RUNTIME_DIR: undefined });
  assert.deepEqual(await credentials(["username"]), { username });
});

test("a relative XDG_RUNTIME_DIR is ignored", async (t) => {
  useEnvironment(t, { XDG_RUNTIME_DIR: "run" });
  assert.deepEqual(await credentials(["username"]), { username });
});

test("LIBRETTO_AGENT_SOCK is the only one that is tried", async (t) => {
  useEnvironment(t, NOWHERE);
  await assert.rejects(credentials(["username"]), {
    code: "UNAVAILABLE",
    reason: "agent_not_running",
    remedy: "librettoctl agent start",
    message: "no agent listens at /nonexistent/agent.sock",
  });
});

test("LIBRETTO_AGENT_SOCK may be a link to the socket", async (t) => {
  const link = join(await privateFolder(t), "link");
  await symlink(`${process.env.XDG_RUNTIME_DIR}/libretto/agent.sock`, link);
  useEnvironment(t, { LIBRETTO_AGENT_SOCK: link });
  assert.deepEqual(await credentials(["username"]), { username });
});

test("many at once all come", async () => {
  const names = Array.from({ length: 200 }, (_, i) => `nothing_${i}`);
  await assert.rejects(credentials(["username", ...names]), {
    message: "there is no credential named nothing_0",
  });
});
