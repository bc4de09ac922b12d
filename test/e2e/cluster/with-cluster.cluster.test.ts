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

const bench = ["bench/operator.ts", "--counts", "1", "--minutes", "0", "--no-node"];
const tests = ["node_modules/vitest/vitest.mjs", "run", "--project", "cluster", "test/operator/runtime/quantity"];

test.each([
  { what: "the bench while the control plane comes up", args: bench, awaited: "etcd" },
  { what: "the bench while the operator is measured", args: bench, awaited: "kube-controller-manager" },
  { what: "these tests", args: tests, awaited: "kube-apiserver" },
])("Ctrl-C, which npm passes on once more, leaves nothing of $what", async ({ args, awaited }) => {
  const state = mkdtempSync(join(tmpdir(), "cctelegram-stop-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const program = spawn(process.execPath, args, {
    env: { ...process.env, CCTELEGRAM_STATE: state },
    stdio: "ignore",
  });
  onTestFinished(() => void program.kill("SIGKILL"));
  await vi.waitFor(() => expect(processesOf(state).some((command) => command.includes(`/${awaited} `))).toBe(true), {
    timeout: 60_000,
    interval: 50,
  });
  program.kill("SIGINT");
  program.kill("SIGINT");
  expect(await once(program, "exit")).toEqual([130, null]);
  // The process that cleans up may outlive the program.
  await vi.waitFor(
    () => {
      expect(processesOf(state)).toEqual([]);
      expect(existsSync(state) ? readdirSync(state) : []).toEqual([]);
    },
    { interval: 50 },
  );
});
