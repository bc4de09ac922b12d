import { once } from "node:events";
import { request as ask, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands in front of a server and remembers the MCP sessions that it gives. */
export async function startFront(target: () => string) {
  const sessions: string[] = [];
  const front = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const onward = ask(target() + url, { method, headers }, (answer) => {
      const { "mcp-session-id": id } = answer.headers;
      if (typeof id === "string") sessions.push(id);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    response.once("close", () => onward.destroy());
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  const close = () => {
    front.closeAllConnections();
    front.close();
  };
  return { url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`, sessions, close };
}
