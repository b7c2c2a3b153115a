// Stands in for libretto's own workflow(), which needs a browser: what is
// declared and what arrives under input.credentials follow the same rules, so
// here `import { workflow } from "./workflow.mjs"` is all that differs from
// `import { workflow } from "libretto"`.

const PREFIX = "LIBRETTO_CLOUD_";

function strings(value) {
  const isRecord =
    typeof value === "object" && value !== null && !Array.isArray(value);
  return Object.entries(isRecord ? value : {}).filter(
    ([, text]) => typeof text === "string",
  );
}

function fromEnvironment(environment) {
  if (environment.LIBRETTO_HOSTED_RUNTIME?.trim()) return [];
  return strings(environment)
    .filter(([name, text]) => name.startsWith(PREFIX) && text.trim() !== "")
    .map(([name, text]) => [name.slice(PREFIX.length).toLowerCase(), text])
    .filter(([name]) => name !== "" && name !== "api_key");
}

class Workflow {
  [Symbol.for("libretto.workflow")] = true;

  constructor(name, credentialNames, handler) {
    this.name = name;
    this.credentialNames = credentialNames;
    this.handler = handler;
  }

  async run(context, input) {
    return this.handler(context, this.withCredentials(input));
  }

  withCredentials(input) {
    const found = [
      ...fromEnvironment(process.env),
      ...strings(input?.credentials), // the later one wins
    ].filter(([name]) => this.credentialNames.includes(name));
    if (found.length === 0) return input;
    const rest = Array.isArray(input) ? {} : input;
    return { ...rest, credentials: Object.fromEntries(found) };
  }
}

export function workflow(name, { credentials = [] }, handler) {
  const folded = credentials.map((declared) => declared.trim().toLowerCase());
  const names = [...new Set(folded)].filter((declared) => declared !== "");
  return new Workflow(name, names, handler);
}
