import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { BridgeConfig } from "../../../server/bridge/config.ts";
import { endsWithWorker } from "../../support/ends-with-worker.ts";
import { programOf } from "../../support/programs.ts";

export type BridgeProcess = {
  readonly child: ChildProcess;
  readonly url: string;
  /** Messages whose request was under way when the process before it died. */
  readonly uncertain: number;
  /** What it holds when its garbage is gone. */
  memory(): Promise<NodeJS.MemoryUsage>;
};

/** A bridge in a process of its own; resolves when it listens. */
export async function startBridgeProcess(config: BridgeConfig): Promise<BridgeProcess> {
  const child = spawn(process.execPath, [...endsWithWorker, programOf("bridge"), JSON.stringify(config)], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const { stdout } = child;
  if (stdout === null) throw new Error("The bridge's output is not a pipe.");
  let uncertain = 0;
  for await (const line of createInterface({ input: stdout })) {
    const said = JSON.parse(line);
    uncertain += said.uncertain ?? 0;
    if (typeof said.url === "string") {
      stdout.resume();
      const memory = async () => {
        const answer = once(child, "message");
        child.send("memory");
        return (await answer)[0];
      };
      return { child, url: said.url, uncertain, memory };
    }
  }
  throw new Error("The bridge ended before it listened.");
}

export async function stopProcess(child: BridgeProcess["child"], signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
