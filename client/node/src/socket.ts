// Where the agent listens, found as librettoctl finds it (docs/cli.md,
// "Environment"), and whether the socket is this user's own.
//
// Node cannot ask the kernel who serves a socket, as librettoctl does. What it
// can see is who made the socket's file, and that nobody else can put another
// in its place. The folder is held open meanwhile, and the socket is reached
// through it: a folder that is exchanged after the look does not matter.
//
// Inside a container the socket's owner is another user, or nobody at all.
// There its file is a mount of its own, which only root of the container can
// have put in its place, and that is good as well.
import { once } from "node:events";
import { constants, type Stats } from "node:fs";
import {
  type FileHandle,
  lstat,
  open,
  readFile,
  realpath,
} from "node:fs/promises";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";

import { AgentError, notRunning, unreachable } from "./errors.js";

const MAX_SOCKET_PATH_BYTES = 107; // what fits into sockaddr_un
const WRITABLE_BY_OTHERS = 0o022;

type Environment = Readonly<Record<string, string | undefined>>;

/** A socket that was looked at; `heldPath` leads to it until close(). */
export class AgentSocket {
  readonly path: string;
  readonly heldPath: string;
  readonly #folder: FileHandle;

  constructor(path: string, heldPath: string, folder: FileHandle) {
    this.path = path;
    this.heldPath = heldPath;
    this.#folder = folder;
  }

  close(): Promise<void> {
    return this.#folder.close();
  }
}

/** The agent's socket, where somebody listens and who is this user. */
export async function openAgentSocket(
  environment: Environment,
): Promise<AgentSocket> {
  const explicit = environment["LIBRETTO_AGENT_SOCK"] ?? "";
  if (explicit !== "") return openSocket(checkedPath(explicit));
  const home = homeOf(environment);
  const usual = checkedPath(usualPath(environment, home));
  try {
    return await openSocket(usual);
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    // A shell without XDG_RUNTIME_DIR (su, cron) looks in the wrong place.
    const other = await pathInLockFile(home);
    if (other === undefined || other === usual) throw error;
    return openSocket(other);
  }
}

function isNotRunning(error: unknown): boolean {
  return error instanceof AgentError && error.reason === "agent_not_running";
}

function homeOf(environment: Environment): string {
  const home = environment["HOME"] ?? "";
  if (home.startsWith("/")) return home;
  throw new AgentError(
    "INVALID_ARGUMENT",
    "HOME is not set to an absolute path",
    { remedy: "export HOME=/home/you" },
  );
}

function usualPath(environment: Environment, home: string): string {
  const runtime = environment["XDG_RUNTIME_DIR"] ?? "";
  // XDG base directory specification: a relative path is to be ignored.
  return runtime.startsWith("/")
    ? `${runtime}/libretto/agent.sock`
    : `${home}/.libretto/run/agent.sock`;
}

function checkedPath(path: string): string {
  if (!path.startsWith("/")) {
    throw new AgentError(
      "INVALID_ARGUMENT",
      `the socket path ${path} is relative`,
    );
  }
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new AgentError(
      "INVALID_ARGUMENT",
      `the socket path ${path} is ${bytes} bytes long; ` +
        `the system's limit is ${MAX_SOCKET_PATH_BYTES}`,
    );
  }
  return path;
}

// The running agent writes its socket's path there. Node has no flock() to tell
// a leftover by; but at a leftover's path nobody listens.
async function pathInLockFile(home: string): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(
      `${home}/.libretto/agent.lock`,
      constants.O_RDONLY | constants.O_NONBLOCK,
    );
    const buffer = Buffer.alloc(MAX_SOCKET_PATH_BYTES + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    const [line = ""] = buffer.toString("utf8", 0, bytesRead).split("\n");
    return checkedPath(line);
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

async function openSocket(path: string): Promise<AgentSocket> {
  let folder: FileHandle | undefined;
  try {
    const real = await realpath(path);
    folder = await open(
      dirname(real),
      constants.O_RDONLY | constants.O_DIRECTORY,
    );
    checkFolder(await folder.stat(), dirname(real));
    const held = join(`/proc/self/fd/${folder.fd}`, basename(real));
    await checkSocket(await lstat(held), path, real);
    await checkListener(held);
    return new AgentSocket(path, held, folder);
  } catch (error) {
    await folder?.close();
    throw error instanceof AgentError ? error : cannotConnect(error, path);
  }
}

// root may own the folder: it could read this process anyway.
function checkFolder(folder: Stats, path: string): void {
  if (folder.uid !== 0) checkOwner(folder.uid, path);
  if ((folder.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new AgentError(
      "PERMISSION_DENIED",
      `${path} is writable by others, so the socket in it may be anybody's; ` +
        "nothing was sent to it",
      { remedy: `chmod go-w ${path}` },
    );
  }
}

async function checkSocket(
  socket: Stats,
  path: string,
  real: string,
): Promise<void> {
  if (!socket.isSocket()) throw unreachable(`${path} is not a socket`);
  if (socket.uid !== process.geteuid?.() && (await isMounted(real))) return;
  checkOwner(socket.uid, path);
}

// Each line's fifth word is a mount's place, with octal escapes (proc(5)).
async function isMounted(path: string): Promise<boolean> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return mounts.split("\n").some((line) => {
    const [, , , , place = ""] = line.split(" ");
    const plain = place.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    return plain === path;
  });
}

function checkOwner(uid: number, path: string): void {
  const own = process.geteuid?.();
  if (uid === own) return;
  throw new AgentError(
    "PERMISSION_DENIED",
    `${path} belongs to uid ${uid}, not to you (uid ${own}); ` +
      "nothing was sent to it",
  );
}

// grpc-js does not tell why it cannot connect.
async function checkListener(held: string): Promise<void> {
  const socket = connect(held);
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

function cannotConnect(error: unknown, path: string): AgentError {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return notRunning(`no agent listens at ${path}`);
    case "EAGAIN":
      return unreachable(`the agent at ${path} accepts no connections`);
    default:
      return unreachable(`cannot connect to ${path}: ${code}`);
  }
}
