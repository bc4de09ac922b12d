import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { BridgeConfig } from "../../../server/bridge/config.ts";

const ENTRY = join(import.meta.dirname, "process.ts");

export type BridgeProcess = {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly url: string;
  /** Messages whose request was under way when the process before it died. */
  readonly uncertain: number;
};

/** A bridge in a process of its own; resolves when it listens. */
export async function startBridgeProcess(config: BridgeConfig): Promise<BridgeProcess> {
  const child = spawn(process.execPath, [ENTRY, JSON.stringify(config)], { stdio: ["ignore", "pipe", "inherit"] });
  let uncertain = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line);
    uncertain += said.uncertain ?? 0;
    if (typeof said.url === "string") {
      child.stdout.resume();
      return { child, url: said.url, uncertain };
    }
  }
  throw new Error("The bridge ended before it listened.");
}

export async function stopProcess(child: BridgeProcess["child"], signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
