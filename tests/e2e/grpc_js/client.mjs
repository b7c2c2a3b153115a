// A stock gRPC client of the agent: node client.mjs PROTO_DIR SOCKET NAME...
// Reads each credential, then follows one Sync, and prints what came as JSON.
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const [protoDir, socket, ...names] = process.argv.slice(2);
const definition = protoLoader.loadSync(
  ["libretto/agent/v1/agent.proto", "libretto/agent/v1/credentials.proto"],
  { includeDirs: [protoDir], keepCase: true, longs: Number, enums: String },
);
const { Agent, Credentials } =
  grpc.loadPackageDefinition(definition).libretto.agent.v1;
const address = `unix:${socket}`;
const insecure = grpc.credentials.createInsecure();
const credentials = new Credentials(address, insecure);
const agent = new Agent(address, insecure);

function get(name) {
  return new Promise((resolve) => {
    const deadline = Date.now() + 10_000;
    credentials.Get({ name }, { deadline }, (error, response) => {
      resolve(
        error
          ? {
              code: grpc.status[error.code],
              message: error.details,
              remedy: error.metadata.get("libretto-remedy")[0],
            }
          : { value: response.value.toString(), source: response.source },
      );
    });
  });
}

function sync() {
  return new Promise((resolve) => {
    const steps = [];
    const call = agent.Sync({}, { deadline: Date.now() + 10_000 });
    call.on("data", (step) => steps.push(step));
    call.on("error", (error) => resolve({ code: grpc.status[error.code] }));
    call.on("end", () => resolve({ last: steps.at(-1) }));
  });
}

const reads = await Promise.all(names.map(get));
console.log(JSON.stringify({ reads, sync: await sync() }));
credentials.close();
agent.close();
