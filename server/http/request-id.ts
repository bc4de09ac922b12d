import type { IncomingMessage } from "node:http";

const acceptable = /^[A-Za-z0-9._:-]{1,128}$/;

/** Options of fastify: a request keeps the id that it came with, if that is harmless in logs and headers. */
export function requestIds(newId: () => string) {
  return {
    requestIdLogLabel: "request_id",
    genReqId: ({ headers }: Pick<IncomingMessage, "headers">): string => {
      const given = headers["x-request-id"];
      return typeof given === "string" && acceptable.test(given) ? given : newId();
    },
  };
}
