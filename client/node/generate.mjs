// Writes src/descriptor.ts: the repository's own .proto as a module, so that a
// bundled workflow needs no file beside it.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import protobuf from "protobufjs";

const folder = fileURLToPath(new URL("../../proto/", import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => folder + target;
root.loadSync("libretto/agent/v1/credentials.proto");
writeFileSync(
  new URL("src/descriptor.ts", import.meta.url),
  "// From proto/libretto/agent/v1/credentials.proto, by generate.mjs.\n" +
    `export const descriptor: object = ${JSON.stringify(root.toJSON())};\n`,
);
