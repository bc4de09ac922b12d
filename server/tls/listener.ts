import type { Server, ServerOptions } from "node:http";
import type { FastifyHttpOptions } from "fastify";
import type { CertificateStore } from "./certificate-store.ts";
import { secureServer } from "./secure-server.ts";

/** What fastify listens with: HTTPS with a certificate, HTTP without one. */
export function listenerOf(certificate: CertificateStore | undefined, http: ServerOptions): FastifyHttpOptions<Server> {
  return certificate === undefined
    ? { http }
    : { serverFactory: (handler) => secureServer(certificate, http, handler) };
}
