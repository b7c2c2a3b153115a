// TLS in front of a cloud that speaks plain HTTP, in one version of HTTP alone.
//
//   node tls_front.mjs http2|http1 CERTIFICATE KEY CLOUD-URL
//
// Prints its port, and then the HTTP version of each request.
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";

const [version, certificate, key, cloud] = process.argv.slice(2);
const options = {
  cert: fs.readFileSync(certificate),
  key: fs.readFileSync(key),
};

function passOn(request, response) {
  process.stdout.write(`${request.httpVersion}\n`);
  const headers = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (!name.startsWith(":")) headers[name] = value;
  }
  // The cloud knows itself by its own address.
  headers.host = new URL(cloud).host;
  if (headers.origin) headers.origin = cloud;
  const onward = http.request(
    cloud + request.url,
    { method: request.method, headers },
    (answer) => {
      const kept = { ...answer.headers };
      // HTTP/2 has no headers about the connection (RFC 9113, 8.2.2).
      for (const name of ["connection", "keep-alive", "transfer-encoding"]) {
        delete kept[name];
      }
      response.writeHead(answer.statusCode, kept);
      answer.pipe(response);
    },
  );
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}

const server =
  version === "http2"
    ? http2.createSecureServer({ ...options, allowHTTP1: false }, passOn)
    : https.createServer({ ...options, ALPNProtocols: ["http/1.1"] }, passOn);
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${server.address().port}\n`);
});
