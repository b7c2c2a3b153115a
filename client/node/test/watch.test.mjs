// watchCredentials() against the real agent and cloud; and against one that
// goes away.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { watchCredentials } from "libretto-agent";

import {
  NOWHERE,
  privateFolder,
  scriptedAgent,
  storedCredentials,
  useEnvironment,
} from "./fixtures.mjs";

const { username, rotating } = await storedCredentials();

async function librettoctl(verb, name, value) {
  const ran = promisify(execFile)(`${process.env.LIBRETTO_BIN}/librettoctl`, [
    ..."cloud credentials".split(" "),
    verb,
    name,
    ...(value === undefined ? [] : ["--value-stdin"]),
  ]);
  ran.child.stdin.end(value);
  await ran;
}

/** A watch that keeps what it is told; next() waits for what it is not yet. */
function watching(t, names) {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const told = [];
  let wake = () => {};
  const ended = watchCredentials(
    names,
    (change) => {
      told.push(change);
      wake();
    },
    { signal: stop.signal },
  );
  async function next() {
    while (told.length === 0) {
      await Promise.race([new Promise((resolve) => (wake = resolve)), ended]);
    }
    return told.shift();
  }
  return { next, told, ended, end: () => (stop.abort(), ended) };
}

test("first what there is, then what changes", async (t) => {
  const watch = watching(t, [" Rotating "]);
  assert.deepEqual(await watch.next(), { name: "rotating", value: rotating });
  await librettoctl("update", "rotating", "the next value");
  assert.equal((await watch.next()).value, "the next value");
  await watch.end();
  assert.deepEqual(watch.told, []);
});

test("a credential may come later, and go", async (t) => {
  const watch = watching(t, ["fleeting"]);
  const gone = { name: "fleeting", value: undefined };
  assert.deepEqual(await watch.next(), gone);
  await librettoctl("create", "fleeting", "here now");
  assert.equal((await watch.next()).value, "here now");
  await librettoctl("delete", "fleeting");
  assert.deepEqual(await watch.next(), gone);
  await watch.end();
});

test("each name is told once", async (t) => {
  const watch = watching(t, ["username", "nothing", "USERNAME"]);
  const told = [await watch.next(), await watch.next()];
  assert.deepEqual(
    new Map(told.map(({ name, value }) => [name, value])),
    new Map([
      ["username", username],
      ["nothing", undefined],
    ]),
  );
  await watch.end();
  assert.deepEqual(watch.told, []);
});

test("what the callback throws ends it", async () => {
  const failure = new Error("cannot sign in again");
  await assert.rejects(
    watchCredentials(["username"], () => {
      throw failure;
    }),
    (error) => error === failure,
  );
});

test("an impossible watch is an error", async (t) => {
  await assert.rejects(watching(t, ["not a name"]).ended, {
    code: "INVALID_ARGUMENT",
    message: /^not a name: /,
  });
  await assert.rejects(watching(t, []).ended, { code: "INVALID_ARGUMENT" });
});

test("who is not logged in is told so", async (t) => {
  useEnvironment(t, { LIBRETTO_PROFILE: "other" });
  await assert.rejects(watching(t, ["username"]).ended, {
    name: "AgentError",
    code: "UNAUTHENTICATED",
    remedy: /librettoctl.* cloud auth login/,
  });
});

test("without an agent it does not begin", async (t) => {
  useEnvironment(t, NOWHERE);
  await assert.rejects(watching(t, ["username"]).ended, {
    reason: "agent_not_running",
  });
});

test("what has been ended before it began asks nobody", async (t) => {
  useEnvironment(t, NOWHERE);
  const signal = AbortSignal.abort();
  await watchCredentials(["username"], assert.fail, { signal });
});

test("an agent that comes back is asked again, and news told", async (t) => {
  const path = join(await privateFolder(t), "agent.sock");
  const telling = (values) => ({
    Watch: (call) => {
      for (const [name, text] of Object.entries(values)) {
        call.write({ name, value: { value: Buffer.from(text) } });
      }
      call.write({ settled: {} });
    },
  });
  const first = await scriptedAgent(t, telling({ a: "1", b: "1" }), path);
  const watch = watching(t, ["a", "b"]);
  assert.equal((await watch.next()).name, "a");
  assert.equal((await watch.next()).name, "b");
  first.forceShutdown();
  await scriptedAgent(t, telling({ a: "1", b: "2" }), path);
  assert.deepEqual(await watch.next(), {
    name: "b",
    value: "2",
  });
  await watch.end();
  assert.deepEqual(watch.told, []);
});
