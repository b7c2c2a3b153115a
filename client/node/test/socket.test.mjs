// Nothing is sent to a socket that may be somebody else's.
import assert from "node:assert/strict";
import { chmod, chown, mkdir, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";

import { credentials } from "libretto-agent";

import { privateFolder, silentServer, useEnvironment } from "./fixtures.mjs";

const SOMEBODY_ELSE = 12345;
const needsRoot =
  process.geteuid() === 0 ? {} : { skip: "only root can give a file away" };

async function serverAt(t) {
  const folder = await privateFolder(t);
  const path = join(folder, "agent.sock");
  useEnvironment(t, { LIBRETTO_AGENT_SOCK: path });
  const server = await silentServer(t, path);
  return { folder, path, server };
}

async function assertRefused(server, expected) {
  await assert.rejects(credentials(["username"]), {
    code: "PERMISSION_DENIED",
    ...expected,
  });
  assert.equal(server.connections(), 0);
}

test("a folder that others can write to is refused", async (t) => {
  const { folder, server } = await serverAt(t);
  await chmod(folder, 0o770);
  await assertRefused(server, { remedy: `chmod go-w ${folder}` });
});

test("a socket of somebody else is refused", needsRoot, async (t) => {
  const { path, server } = await serverAt(t);
  await chown(path, SOMEBODY_ELSE, SOMEBODY_ELSE);
  await assertRefused(server, {
    message: /agent\.sock belongs to uid 12345, not to you .*nothing was sent/,
  });
});

test("a folder of somebody else is refused", needsRoot, async (t) => {
  const { folder, server } = await serverAt(t);
  await chown(folder, SOMEBODY_ELSE, SOMEBODY_ELSE);
  await assertRefused(server, { message: /belongs to uid 12345/ });
});

test("a socket that nobody serves any more is no agent", async (t) => {
  const folder = await privateFolder(t);
  const path = join(folder, "agent.sock");
  const server = createServer().listen(join(folder, "first"));
  await once(server, "listening");
  // Closing takes away the name that it was bound to, and no other.
  await rename(join(folder, "first"), path);
  server.close();
  await once(server, "close");
  useEnvironment(t, { LIBRETTO_AGENT_SOCK: path });
  await assert.rejects(credentials(["username"]), {
    code: "UNAVAILABLE",
    reason: "agent_not_running",
  });
});

test("a file is no socket", async (t) => {
  const path = join(await privateFolder(t), "agent.sock");
  await writeFile(path, "");
  useEnvironment(t, { LIBRETTO_AGENT_SOCK: path });
  await assert.rejects(credentials(["username"]), {
    reason: "agent_unreachable",
    message: `${path} is not a socket`,
  });
});

test("a server that says nothing is given up on", async (t) => {
  const { path } = await serverAt(t);
  await assert.rejects(credentials(["username"]), {
    code: "UNAVAILABLE",
    reason: "agent_unreachable",
    message: `the server at ${path} does not speak gRPC`,
  });
});

test("a leftover lock file leads nowhere", async (t) => {
  const home = await privateFolder(t);
  await mkdir(join(home, ".libretto"));
  await writeFile(join(home, ".libretto/agent.lock"), `${home}/gone.sock\n`);
  useEnvironment(t, {
    HOME: home,
    XDG_RUNTIME_DIR: undefined,
    LIBRETTO_AGENT_SOCK: undefined,
  });
  await assert.rejects(credentials(["username"]), {
    reason: "agent_not_running",
    message: `no agent listens at ${home}/gone.sock`,
  });
});

test("impossible paths are usage errors", async (t) => {
  useEnvironment(t, { LIBRETTO_AGENT_SOCK: "agent.sock" });
  await assert.rejects(credentials(["username"]), {
    code: "INVALID_ARGUMENT",
    message: "the socket path agent.sock is relative",
  });
  process.env.LIBRETTO_AGENT_SOCK = `/${"é".repeat(54)}`;
  await assert.rejects(credentials(["username"]), {
    code: "INVALID_ARGUMENT",
    message: /is 109 bytes long; the system's limit is 107$/,
  });
});

test("without HOME there is no usual place", async (t) => {
  useEnvironment(t, { LIBRETTO_AGENT_SOCK: undefined, HOME: "here" });
  await assert.rejects(credentials(["username"]), {
    code: "INVALID_ARGUMENT",
    remedy: "export HOME=/home/you",
  });
});
