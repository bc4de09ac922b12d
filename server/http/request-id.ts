import type { IncomingMessage } from "node:http";

const acceptable = /^[A-Za-z0-9._:-]{1,128}$/;

/** A request keeps the id that it came with, if that is harmless in logs and headers. */
export function requestIds(newId: () => string) {
  return ({ headers }: Pick<IncomingMessage, "headers">): string => {
    const given = headers["x-request-id"];
    return typeof given === "string" && acceptable.test(given) ? given : newId();
  };
}
