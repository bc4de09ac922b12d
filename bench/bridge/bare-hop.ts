/** The reference: `bare-hop.ts URL` is a node:http that passes each body on to a URL, and answers with the answer. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const target = process.argv[2] ?? "";

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", async () => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(target, { method: "POST", headers, body: Buffer.concat(chunks) });
    response.writeHead(answer.status, headers).end(await answer.text());
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }));
});
