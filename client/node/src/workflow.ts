// withAgentCredentials(): a workflow that gets from the agent what it declares.
// How declarations and inputs behave is what Libretto does itself (contract
// 1.5); the agent stands where LIBRETTO_CLOUD_* variables stand there.
import { credentials } from "./credentials.js";
import { foldedNames } from "./names.js";

/** Of what libretto's workflow() returns, the part that is needed here. */
export interface Workflow<Context = never, Output = unknown> {
  readonly credentialNames: readonly string[];
  run(context: Context, input: unknown): Promise<Output>;
}

/**
 * The same workflow; when it runs, the values of the credentials that it
 * declares are under `input.credentials`. What the caller's input has there
 * goes before the agent, which is asked for the rest alone. In a hosted
 * runtime the platform hands credentials in, and no agent is asked.
 *
 * `run` rejects with an AgentError, and the workflow does not run, when one of
 * them cannot be had.
 */
export function withAgentCredentials<Wrapped extends Workflow>(
  workflow: Wrapped,
): Wrapped {
  const run: Workflow["run"] = async (context, input) =>
    workflow.run(context, await withCredentials(input, workflow));
  // Everything else about it, its brand among that, is the workflow's own.
  return Object.create(workflow, {
    run: { value: run, enumerable: true },
  }) as Wrapped;
}

async function withCredentials(
  input: unknown,
  { credentialNames }: Workflow,
): Promise<unknown> {
  const declared = foldedNames(credentialNames);
  if (declared.length === 0 || isHosted()) return input;
  const record = recordOf(input);
  const given = recordOf(record["credentials"]);
  const isGiven = (name: string) =>
    Object.hasOwn(given, name) && typeof given[name] === "string";
  const found: Record<string, string> = await credentials(
    declared.filter((name) => !isGiven(name)),
  );
  const handedIn = declared.map((name) => [
    name,
    isGiven(name) ? given[name] : found[name],
  ]);
  return { ...record, credentials: Object.fromEntries(handedIn) };
}

// Any text counts, also "false".
function isHosted(): boolean {
  return (process.env["LIBRETTO_HOSTED_RUNTIME"] ?? "").trim() !== "";
}

// What is no object has nothing to keep.
function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  const isRecord =
    typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : {};
}
