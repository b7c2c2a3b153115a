// What the tests share: an environment of their own, folders of their own, and
// a gRPC server that answers as a test says where a real agent never would.
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Sets variables (undefined: unsets) until the test ends. */
export function useEnvironment(t, variables) {
  const before = { ...process.env };
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  });
  for (const [name, value] of Object.entries(variables)) {
    delete process.env[name];
    if (value !== undefined) process.env[name] = value;
  }
}

/** A folder that nobody else can write to, gone when the test ends. */
export async function privateFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "libretto-node-"));
  await chmod(folder, 0o700);
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Listens at `path`, counts connections and never says anything. */
export async function silentServer(t, path) {
  const sockets = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.resume();
  });
  server.listen(path);
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { connections: () => sockets.length };
}

/** Answers Credentials/Get with `Get` and so on; the agent of this test. */
export async function scriptedAgent(t, methods, path) {
  path ??= join(await privateFolder(t), "agent.sock");
  const definition = loadSync("libretto/agent/v1/credentials.proto", {
    includeDirs: [fileURLToPath(new URL("../../../proto", import.meta.url))],
  });
  const server = new Server();
  server.addService(definition["libretto.agent.v1.Credentials"], methods);
  await promisify(server.bindAsync.bind(server))(
    `unix:${path}`,
    ServerCredentials.createInsecure(),
  );
  t.after(() => server.forceShutdown());
  useEnvironment(t, { LIBRETTO_AGENT_SOCK: path });
  return server;
}

/** The credentials that tests/e2e/node_client_test.py has stored. */
export async function storedCredentials() {
  const file = process.env.LIBRETTO_TEST_STORED;
  if (!file) throw new Error("run me by tests/e2e/node_client_test.py");
  return JSON.parse(await readFile(file, "utf8"));
}

/** Where no agent is. */
export const NOWHERE = { LIBRETTO_AGENT_SOCK: "/nonexistent/agent.sock" };
