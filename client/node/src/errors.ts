// What goes wrong, in the words of the agent: docs/style.md has the meaning of
// each code, and the agent's API says which trailers come with one.
import { status, type ServiceError } from "@grpc/grpc-js";

/** The name of a gRPC status code; each has one meaning. */
export type AgentErrorCode = Exclude<keyof typeof status, "OK">;

interface Details {
  /** What to type, e.g. `librettoctl cloud auth login`. */
  remedy?: string | undefined;
  /** A fixed word that tells apart what shares a code. */
  reason?: string | undefined;
  /** How long to wait, with RESOURCE_EXHAUSTED. */
  waitSeconds?: number | undefined;
}

/** Never holds a credential's value. */
export class AgentError extends Error {
  readonly code: AgentErrorCode;
  readonly remedy: string | undefined;
  readonly reason: string | undefined;
  readonly waitSeconds: number | undefined;

  constructor(code: AgentErrorCode, message: string, details: Details = {}) {
    super(message);
    this.name = "AgentError";
    this.code = code;
    this.remedy = details.remedy;
    this.reason = details.reason;
    this.waitSeconds = details.waitSeconds;
  }
}

/** No usable answer came; the agent itself may say UNAVAILABLE of the cloud. */
export function unreachable(message: string): AgentError {
  return new AgentError("UNAVAILABLE", message, {
    reason: "agent_unreachable",
  });
}

/** Nobody listens at all. */
export function notRunning(message: string): AgentError {
  return new AgentError("UNAVAILABLE", message, {
    reason: "agent_not_running",
    remedy: "librettoctl agent start",
  });
}

/** What a call ended with; `about` is the credential that it was for. */
export function fromGrpc(error: ServiceError, about?: string): AgentError {
  if (!isFromAgent(error)) {
    return unreachable(`the agent did not answer: ${error.details}`);
  }
  const named = about === undefined || error.details.includes(about);
  const message = named ? error.details : `${about}: ${error.details}`;
  const wait = Number(trailer(error, "libretto-wait"));
  const code = status[error.code] as AgentErrorCode | undefined;
  return new AgentError(code ?? "UNKNOWN", message, {
    remedy: trailer(error, "libretto-remedy"),
    reason: trailer(error, "libretto-reason"),
    waitSeconds: wait > 0 ? wait : undefined,
  });
}

// grpc-js makes these itself, without any metadata, where no answer came.
function isFromAgent(error: ServiceError): boolean {
  const type = String(error.metadata.get("content-type")[0] ?? "");
  if (type !== "") return type.startsWith("application/grpc");
  return Object.keys(error.metadata.getMap()).length > 0;
}

function trailer(error: ServiceError, name: string): string | undefined {
  const [value] = error.metadata.get(name);
  return value === undefined ? undefined : percentDecoded(String(value));
}

// As the agent encodes what is not visible ASCII.
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
