// A workflow that gets the credentials that it declares from libretto-agent:
// no environment variables, no .env, no librettoctl around it.
//
//   (cd client/node && npm ci && npm run build)
//   cd examples/node-workflow && npm install && node main.mjs
//
// Prints names and never a value.
import { AgentError, withAgentCredentials } from "libretto-agent";

import { workflow } from "./workflow.mjs";

const signIn = withAgentCredentials(
  workflow(
    "sign-in",
    { credentials: ["username", "password"] },
    async (_context, input) => {
      // A real workflow would type these into a page.
      const { username, password } = input.credentials;
      return { ready: username !== "" && password !== "" };
    },
  ),
);

try {
  const { ready } = await signIn.run({ session: "example" }, { month: 11 });
  console.log(`${signIn.name} has ${signIn.credentialNames.join(", ")}`);
  console.log(`ready to sign in: ${ready}`);
} catch (error) {
  if (!(error instanceof AgentError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  if (error.remedy) console.error(`  try: ${error.remedy}`);
  process.exitCode = 1;
}
