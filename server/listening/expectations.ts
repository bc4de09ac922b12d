import type { Server } from "node:http";

/**
 * Leaves `Expect: 100-continue` to the application, which knows whether it wants the body; by itself Node asks anybody for
 * it. Other expectations are refused, and their connection ends, because the body would follow.
 */
export function holdBodies(server: Server): void {
  server.on("checkContinue", (request, response) => void server.emit("request", request, response));
  server.on("checkExpectation", (_request, response) => void response.writeHead(417, { connection: "close" }).end());
}
