// What the types promise; `npm run check` compiles it, nobody runs it.
import { credentials, withAgentCredentials } from "../src/index.js";

interface Page {
  goto(url: string): Promise<void>;
}

declare const signIn: {
  readonly name: string;
  readonly credentialNames: readonly string[];
  run(context: { page: Page }, input: unknown): Promise<{ done: boolean }>;
};

export async function namesBecomeProperties(): Promise<string> {
  const found = await credentials([" UserName ", "password"]);
  // @ts-expect-error: it was not asked for
  void found.other;
  return found.username + found.password;
}

export async function namesMayBeKnownLate(names: string[]): Promise<string[]> {
  const found: Record<string, string> = await credentials(names);
  return Object.values(found);
}

export async function aWorkflowKeepsItsType(page: Page): Promise<boolean> {
  const wrapped: typeof signIn = withAgentCredentials(signIn);
  // @ts-expect-error: a workflow wants its own context
  void wrapped.run({}, {});
  return (await wrapped.run({ page }, {})).done;
}

// @ts-expect-error: a function declares nothing
withAgentCredentials(async () => {});
