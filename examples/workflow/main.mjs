// A workflow process, small enough to read: it declares the credentials that it
// needs and gets those, and only those, under input.credentials. The rules are
// the ones by which Libretto workflows find theirs: LIBRETTO_CLOUD_<NAME>, the
// name in lower case, limited to what is declared.
//
//   librettoctl run --credential username --credential password -- \
//     node examples/workflow/main.mjs
//
// Prints names and never a value.

const PREFIX = "LIBRETTO_CLOUD_";

function workflow(name, { credentials }, handler) {
  const declared = [
    ...new Set(credentials.map((c) => c.trim().toLowerCase()).filter(Boolean)),
  ];
  return { name, declared, handler };
}

function credentialsIn(environment) {
  const found = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || value.trim() === "") continue;
    const name = variable.slice(PREFIX.length).toLowerCase();
    if (name !== "" && name !== "api_key") found[name] = value;
  }
  return found;
}

async function run({ name, declared, handler }, environment) {
  const found = credentialsIn(environment);
  const credentials = Object.fromEntries(
    declared.filter((c) => c in found).map((c) => [c, found[c]]),
  );
  const undeclared = Object.keys(found).filter((c) => !declared.includes(c));
  const missing = declared.filter((c) => !(c in found));

  const list = (names) => names.sort().join(", ") || "(none)";
  console.log(`workflow ${name}`);
  console.log(`  declares                   ${list([...declared])}`);
  console.log(`  input.credentials has      ${list(Object.keys(credentials))}`);
  console.log(`  undeclared in environment  ${list(undeclared)}`);
  if (missing.length > 0) {
    console.error(`missing: ${list(missing)}; run me under librettoctl run`);
    return 1;
  }
  await handler({ credentials });
  return 0;
}

const signIn = workflow(
  "sign-in",
  { credentials: ["username", "password"] },
  async ({ credentials }) => {
    // A real workflow would type these into a page.
    const { username, password } = credentials;
    if (username === "" || password === "") throw new Error("empty credential");
  },
);

process.exitCode = await run(signIn, process.env);
