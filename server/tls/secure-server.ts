import type { RequestListener, ServerOptions } from "node:http";
import { createServer, type Server } from "node:https";
import { carrierOf, knowCarriers } from "../listening/carriers.ts";
import { codeOf } from "../process/start-error.ts";
import type { CertificateStore } from "./certificate-store.ts";

/** Milliseconds in which a TLS handshake has to be done. */
const handshakeTimeout = 10_000;

/** An HTTPS server that shows the certificate of a store. What speaks HTTP to it is told so, and its connection ends. */
export function secureServer(certificate: CertificateStore, options: ServerOptions, listener: RequestListener): Server {
  const server = createServer({ ...options, ...certificate.secureContext(), handshakeTimeout }, listener);
  certificate.follow(server);
  knowCarriers(server);
  refusePlainHttp(server);
  return server;
}

const text = "This port speaks HTTPS: use https:// in the URL.\n";
const refusal = [
  "HTTP/1.1 400 Bad Request",
  "Content-Type: text/plain; charset=utf-8",
  `Content-Length: ${text.length}`,
  "X-Content-Type-Options: nosniff",
  "Connection: close",
  "",
  text,
].join("\r\n");

/** The handshake has failed, and nothing is encrypted: what carried it is still there for an answer in plain text. */
function refusePlainHttp(server: Server): void {
  server.on("tlsClientError", (error, socket) => {
    if (codeOf(error) !== "ERR_SSL_HTTP_REQUEST") return;
    const carrier = carrierOf(socket);
    carrier.on("error", () => carrier.destroy()).end(refusal);
  });
}
