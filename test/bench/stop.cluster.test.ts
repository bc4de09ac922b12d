import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";

/** The commands of all processes that name the folder in their arguments. */
function processesOf(folder: string): string[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.map(commandOf).filter((command) => command.includes(`${folder}/`));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // The process has ended in the meantime.
    return "";
  }
}

test.each([
  { when: "while the control plane comes up", process: "etcd" },
  { when: "while the operator is measured", process: "kube-controller-manager" },
])("Ctrl-C, which npm passes on once more, leaves nothing of the bench $when", async ({ process: awaited }) => {
  const state = mkdtempSync(join(tmpdir(), "cctelegram-stop-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const bench = spawn(process.execPath, ["bench/operator.ts", "--counts", "1", "--minutes", "0", "--no-node"], {
    env: { ...process.env, CCTELEGRAM_STATE: state },
    stdio: "ignore",
  });
  onTestFinished(() => void bench.kill("SIGKILL"));
  await vi.waitFor(() => expect(processesOf(state).some((command) => command.includes(`/${awaited} `))).toBe(true), {
    timeout: 60_000,
    interval: 50,
  });
  bench.kill("SIGINT");
  bench.kill("SIGINT");
  expect(await once(bench, "exit")).toEqual([130, null]);
  expect(processesOf(state)).toEqual([]);
  expect(existsSync(join(state, "bench"))).toBe(false);
});
