// One connection to the agent: gRPC over its Unix socket. It is closed after
// use, so that a process can end.
import {
  Client,
  credentials,
  type MethodDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

import { descriptor } from "./descriptor.js";
import { AgentError, fromGrpc, unreachable } from "./errors.js";
import { type AgentSocket, openAgentSocket } from "./socket.js";

const CONNECT_LIMIT_MS = 1_500;
const CALL_LIMIT_MS = 15_000; // the agent gives the cloud ten seconds

// What the caller's own environment says about a call (context.proto).
interface Context {
  profile: string;
  apiUrl: string;
  apiKey: Buffer;
}

interface GetRequest {
  context: Context;
  name: string;
}

interface GetResponse {
  value: Buffer;
}

interface WatchRequest {
  context: Context;
  names: readonly string[];
}

interface WatchResponse {
  name: string;
  value?: { value: Buffer };
  settled?: object;
}

const service = fromJSON(descriptor, { defaults: true })[
  "libretto.agent.v1.Credentials"
] as unknown as {
  Get: MethodDefinition<GetRequest, GetResponse>;
  Watch: MethodDefinition<WatchRequest, WatchResponse>;
};

/** What a name is now; or, with `settled`, that each name has been told. */
export interface WatchEvent {
  name: string;
  value: string | undefined; // undefined: there is no such credential
  settled: boolean;
}

export class Agent {
  readonly #socket: AgentSocket;
  readonly #client: Client;
  readonly #context: Context;

  private constructor(socket: AgentSocket, context: Context) {
    this.#socket = socket;
    this.#context = context;
    this.#client = new Client(
      `unix:${socket.heldPath}`,
      credentials.createInsecure(),
      // No copy is kept for a second try, and the connection is this one's.
      { "grpc.enable_retries": 0, "grpc.use_local_subchannel_pool": 1 },
    );
  }

  /** Runs `use` with a connection and closes it behind it. */
  static async with<Result>(
    use: (agent: Agent) => Promise<Result>,
  ): Promise<Result> {
    const socket = await openAgentSocket(process.env);
    const agent = new Agent(socket, contextOf(process.env));
    try {
      await agent.#ready();
      return await use(agent);
    } finally {
      agent.#client.close();
      await socket.close();
    }
  }

  /** The value of one credential. */
  async get(name: string, signal?: AbortSignal): Promise<string> {
    const { path, requestSerialize, responseDeserialize } = service.Get;
    const response = await new Promise<GetResponse>((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { context: this.#context, name },
        { deadline: Date.now() + CALL_LIMIT_MS },
        (error, reply) => {
          signal?.removeEventListener("abort", abort);
          if (error !== null) reject(fromGrpc(error, name));
          else resolve(reply as GetResponse);
        },
      );
      const abort = () => {
        call.cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort);
      if (signal?.aborted) abort();
    });
    return textOf(response.value, name);
  }

  /** What the agent tells until it ends the stream, or `signal` does. */
  async *watch(
    names: readonly string[],
    signal?: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const { path, requestSerialize, responseDeserialize } = service.Watch;
    const stream = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { context: this.#context, names },
    );
    // The loop hears of errors by itself, but not of those after its end.
    stream.on("error", () => {});
    const cancel = () => stream.cancel();
    signal?.addEventListener("abort", cancel);
    if (signal?.aborted) cancel();
    try {
      for await (const event of stream) yield toWatchEvent(event);
    } catch (error) {
      throw error instanceof AgentError
        ? error
        : fromGrpc(error as ServiceError);
    } finally {
      signal?.removeEventListener("abort", cancel);
      cancel();
    }
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + CONNECT_LIMIT_MS, (error) => {
        if (error === undefined) return resolve();
        const where = this.#socket.path;
        reject(unreachable(`the server at ${where} does not speak gRPC`));
      });
    });
  }
}

function contextOf(environment: NodeJS.ProcessEnv): Context {
  const variable = (name: string) => (environment[name] ?? "").trim();
  return {
    profile: variable("LIBRETTO_PROFILE"),
    apiUrl: variable("LIBRETTO_API_URL"),
    apiKey: Buffer.from(variable("LIBRETTO_API_KEY")),
  };
}

function toWatchEvent({ name, value, settled }: WatchResponse): WatchEvent {
  return {
    name,
    value: value && textOf(value.value, name),
    settled: settled !== undefined,
  };
}

function textOf(value: Buffer, name: string): string {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(value);
  } catch {
    throw new AgentError(
      "DATA_LOSS",
      `the value of ${name} is not UTF-8, which a string cannot hold`,
      { remedy: `librettoctl read ${name}` },
    );
  }
}
