// What an agent may say or do that a healthy one does not.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { Metadata, status } from "@grpc/grpc-js";
import { credentials } from "libretto-agent";

import { NOWHERE, scriptedAgent, useEnvironment } from "./fixtures.mjs";

const SOON = { timeout: 5_000 }; // long before the call's own deadline

function failure(code, details, trailers = {}) {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) {
    metadata.set(name, value);
  }
  return { code, details, metadata };
}

function answering(t, Get) {
  return scriptedAgent(t, { Get });
}

test("the agent's remedy, reason and wait arrive", async (t) => {
  await answering(t, (_call, done) =>
    done(
      failure(status.RESOURCE_EXHAUSTED, "too many attempts", {
        "libretto-remedy": "wait, 100%25 sure: %E2%8F%B3",
        "libretto-reason": "throttled",
        "libretto-wait": "30",
      }),
    ),
  );
  await assert.rejects(credentials(["username"]), {
    code: "RESOURCE_EXHAUSTED",
    message: "username: too many attempts",
    remedy: "wait, 100% sure: ⏳",
    reason: "throttled",
    waitSeconds: 30,
  });
});

test("an agent that cannot reach the cloud is reachable", async (t) => {
  await answering(t, (_call, done) =>
    done(failure(status.UNAVAILABLE, "the cloud cannot be reached")),
  );
  await assert.rejects(credentials(["username"]), {
    code: "UNAVAILABLE",
    message: "username: the cloud cannot be reached",
    reason: undefined,
    remedy: undefined,
  });
});

test("an agent that ends within a call is unreachable", async (t) => {
  const agent = await answering(t, () => agent.forceShutdown());
  await assert.rejects(credentials(["username"]), {
    code: "UNAVAILABLE",
    reason: "agent_unreachable",
  });
});

test("a value that is no text is not mangled into one", async (t) => {
  await answering(t, (_call, done) =>
    done(null, { value: Buffer.from([0xff, 0x61]) }),
  );
  await assert.rejects(credentials(["username"]), {
    code: "DATA_LOSS",
    remedy: "librettoctl read username",
  });
});

test("a call has a deadline of fifteen seconds", async (t) => {
  let left = 0;
  await answering(t, (call, done) => {
    left = call.getDeadline() - Date.now();
    done(null, { value: Buffer.from("x") });
  });
  await credentials(["username"]);
  assert.ok(left > 5_000 && left <= 15_000, `${left} ms`);
});

test("an abort ends the call here and at the agent", SOON, async (t) => {
  const asked = new EventTarget();
  let cancelled;
  await answering(t, (call) => {
    cancelled = once(call, "cancelled");
    asked.dispatchEvent(new Event("asked"));
  });
  const stop = new AbortController();
  const reason = new Error("the user has left");
  asked.addEventListener("asked", () => stop.abort(reason));
  await assert.rejects(
    credentials(["username", "password"], { signal: stop.signal }),
    reason,
  );
  await cancelled;
});

test("what is aborted already asks nobody", async (t) => {
  useEnvironment(t, NOWHERE);
  const signal = AbortSignal.abort();
  await assert.rejects(credentials(["username"], { signal }), {
    name: "AbortError",
  });
});
