/** Uses a key as tests do and shows it in the way that argv[2] names, for a test of what finds it. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { recordLog, startRecorder } from "./recorder.ts";

const recorder = startRecorder(() => "planted");
const [, , where = ""] = process.argv;
const key = "a-planted-key-0123456789";

const server = createServer((_request, response) => {
  if (where === "half-answers") {
    response.writeHead(200, { "content-length": key.length + 6 });
    response.write(`it is ${key.slice(0, 10)}`);
    // Flushed on its own: the second half comes in another packet.
    setImmediate(() => response.end(key.slice(10)));
  } else response.end(where === "answer" ? `it is ${key}` : "it is secret");
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
await (await fetch(`http://127.0.0.1:${port}/`, { headers: { "x-api-key": key } })).text();
server.close();
server.closeAllConnections();
if (where === "output")
  await promisify(execFile)(process.execPath, ["-e", "process.stdout.write(process.argv[1])", key]);
if (where === "log") recordLog(`the key is ${key}\n`);
const folder = mkdtempSync(join(tmpdir(), "planted-"));
writeFileSync(join(folder, "queue.sqlite"), where === "file" ? key : "nothing");
await rm(folder, { recursive: true });
recorder?.flush();
