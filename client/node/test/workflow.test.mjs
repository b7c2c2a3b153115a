// withAgentCredentials() against the real agent and cloud. `workflow` is the
// example's, or that of LIBRETTO_TEST_WORKFLOW_MODULE: the public libretto.
import assert from "node:assert/strict";
import { test } from "node:test";

import { withAgentCredentials } from "libretto-agent";

import { NOWHERE, storedCredentials, useEnvironment } from "./fixtures.mjs";

const { workflow } = await import(
  process.env.LIBRETTO_TEST_WORKFLOW_MODULE ??
    new URL("../../../examples/node-workflow/workflow.mjs", import.meta.url)
);
const { username, password } = await storedCredentials();
const CONTEXT = { session: "test" };

// A workflow that returns what its handler was given.
function declaring(...credentials) {
  return workflow("echo", { credentials }, async (_context, input) => input);
}

function run(input, ...declared) {
  return withAgentCredentials(declaring(...declared)).run(CONTEXT, input);
}

test("the declared credentials arrive, and no other", async () => {
  assert.deepEqual(await run({ month: 11 }, " UserName ", "PASSWORD"), {
    month: 11,
    credentials: { username, password },
  });
});

test("what the caller gives wins, and the agent is not asked", async () => {
  const input = { credentials: { username: "given", nothing: "given too" } };
  assert.deepEqual(await run(input, "username", "nothing", "password"), {
    credentials: { username: "given", nothing: "given too", password },
  });
  assert.deepEqual(Object.keys(input.credentials), ["username", "nothing"]);
});

test("no agent is needed when the caller gives all", async (t) => {
  useEnvironment(t, NOWHERE);
  const input = { credentials: { username: "", other: "x" } };
  assert.deepEqual(await run(input, "username"), {
    credentials: { username: "" },
  });
});

test("what is undeclared, misspelt or no string is dropped", async () => {
  const given = { username: 7, USERNAME: "x", password: null, other: "x" };
  assert.deepEqual(await run({ credentials: given }, "username", "password"), {
    credentials: { username, password },
  });
});

test("an input that is no object makes room", async () => {
  for (const input of [undefined, null, ["a"], "text"]) {
    assert.deepEqual(await run(input, "username"), {
      credentials: { username },
    });
  }
});

test("credentials that are no object count as none", async () => {
  for (const given of [["a"], "text", null]) {
    assert.deepEqual(await run({ credentials: given }, "username"), {
      credentials: { username },
    });
  }
});

test("names of JavaScript's own are names like others", async () => {
  await assert.rejects(run({ credentials: {} }, "username", "constructor"), {
    message: "there is no credential named constructor",
  });
});

test("the agent goes before the environment", async (t) => {
  useEnvironment(t, { LIBRETTO_CLOUD_USERNAME: "of an old .env" });
  assert.deepEqual(await run({}, "username"), { credentials: { username } });
});

test("a missing credential keeps the workflow from running", async () => {
  let ran = false;
  const wrapped = withAgentCredentials(
    workflow("never", { credentials: ["nothing"] }, async () => {
      ran = true;
    }),
  );
  await assert.rejects(wrapped.run(CONTEXT, {}), {
    name: "AgentError",
    code: "NOT_FOUND",
  });
  assert.equal(ran, false);
});

test("who declares nothing gets the input as it is", async (t) => {
  useEnvironment(t, NOWHERE);
  const input = { credentials: { anything: 1 } };
  assert.deepEqual(await run(input, " "), input);
});

test("a hosted runtime hands credentials in by itself", async (t) => {
  useEnvironment(t, { ...NOWHERE, LIBRETTO_HOSTED_RUNTIME: "false" });
  const input = { credentials: { other: "x" } };
  assert.deepEqual(await run(input, "username"), input);
});

test("a blank LIBRETTO_HOSTED_RUNTIME is none", async (t) => {
  useEnvironment(t, { LIBRETTO_HOSTED_RUNTIME: " " });
  assert.deepEqual(await run({}, "username"), { credentials: { username } });
});

test("what comes back is a workflow like the first", async () => {
  const plain = declaring("username");
  const wrapped = withAgentCredentials(plain);
  assert.ok(wrapped instanceof plain.constructor);
  assert.equal(wrapped[Symbol.for("libretto.workflow")], true);
  assert.equal(wrapped.name, "echo");
  assert.equal(wrapped.credentialNames, plain.credentialNames);
  assert.deepEqual(await plain.run(CONTEXT, {}), {});
});

test("what the handler throws arrives as it is", async () => {
  const failure = new Error("the page is gone");
  const wrapped = withAgentCredentials(
    workflow("fails", { credentials: ["username"] }, async () => {
      throw failure;
    }),
  );
  await assert.rejects(wrapped.run(CONTEXT, {}), (error) => error === failure);
});
