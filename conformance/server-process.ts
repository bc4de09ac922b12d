import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export type ServerProcess = { readonly url: string; readonly key: string; stop(): Promise<void> };

const program = fileURLToPath(new URL("server.ts", import.meta.url));

/** Starts the server with keys and limits on, on a free port; its log goes to a file. */
export async function startServerProcess(logFile: string): Promise<ServerProcess> {
  const key = randomBytes(32).toString("hex");
  const child = spawn(process.execPath, [program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH ?? "",
      HMAC_SECRET: randomBytes(32).toString("hex"),
      // No scenario sends a message to anybody.
      BRIDGE_URL: "http://127.0.0.1:9",
      MCP_SERVER_HOST: "127.0.0.1",
      MCP_SERVER_PORT: "0",
      MCP_API_KEYS: JSON.stringify({ [key]: { name: "conformance", permissions: ["*"], enabled: true } }),
      // The suite makes some hundred requests a second.
      MCP_RATE_LIMIT_REQUESTS: "100000",
      SHUTDOWN_DELAY: "0",
    },
  });
  const exited = once(child, "exit");
  child.stdout.pipe(createWriteStream(logFile));
  const ready = Promise.withResolvers<string>();
  exited.then(([code]) => ready.reject(new Error(`the server ended with ${code} before it was ready; see ${logFile}`)));
  createInterface(child.stdout).on("line", (line) => {
    const { msg, http } = JSON.parse(line) as { msg?: string; http?: string };
    if (msg === "ready to work" && http !== undefined) ready.resolve(http);
  });
  return {
    url: await ready.promise,
    key,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
