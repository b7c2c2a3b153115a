// credentials(): the values of the named credentials, and of no other.
import { Agent } from "./agent.js";
import { type Credentials, foldedNames } from "./names.js";

export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Asks the agent for all of `names` at once. A missing one is an error that
 * names it, so the result has each of them.
 *
 * @throws AgentError
 */
export async function credentials<const Name extends string>(
  names: readonly Name[],
  { signal }: CallOptions = {},
): Promise<Credentials<Name>> {
  signal?.throwIfAborted();
  const folded = foldedNames(names);
  const values = folded.length === 0 ? [] : await valuesOf(folded, signal);
  return Object.fromEntries(
    folded.map((name, i) => [name, values[i]]),
  ) as Credentials<Name>;
}

function valuesOf(
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  return Agent.with(async (agent) => {
    const answers = await Promise.allSettled(
      names.map((name) => agent.get(name, signal)),
    );
    // The first failure tells: of the names, not of the answers.
    return answers.map((answer) => {
      if (answer.status === "rejected") throw answer.reason;
      return answer.value;
    });
  });
}
