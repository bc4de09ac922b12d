import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { run } from "../machine/command.mjs";
import { cluster, kubectl } from "./environment.ts";

type Started = { readonly child: ChildProcess; readonly output: () => string; readonly ended: Promise<number | null> };

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn("node", ["setup.mjs", "start", ...args], { env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  return { child, output: () => output, ended: new Promise((resolve) => child.once("close", resolve)) };
}

/** Fails at once, with all that was printed, when the program ends without it. */
const shows = ({ output, ended }: Started, text: string) =>
  Promise.race([
    expect.poll(output, { timeout: 240_000, interval: 500 }).toContain(text),
    ended.then(() => expect(output()).toContain(text)),
  ]);

/** Everything of the local cluster that is still on the machine: processes, mounts, interfaces, namespaces. */
async function leftovers(): Promise<string[]> {
  const commands = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(commandOf);
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  const network = (await run("ip", ["netns", "list"]))
    .split("\n")
    .concat((await run("ip", ["-o", "link"])).split("\n"));
  return [...commands, ...mounts]
    .filter((line) => line.includes("/cctelegram/cctelegram/"))
    .concat(network.filter((line) => line.includes("cct-cctelegram-")));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // The process has ended in the meantime.
    return "";
  }
}

test("npm start, killed with -9, started again, delivers a message, and leaves nothing behind after Ctrl-C", async () => {
  const killed = start([]);
  await shows(killed, "done    control plane");
  const family = (await run("ps", ["-o", "pid=", "--ppid", `${killed.child.pid}`])).split("\n").filter(Boolean);
  for (const pid of [killed.child.pid, ...family.map(Number)]) process.kill(Number(pid), "SIGKILL");
  await killed.ended;
  expect(await leftovers()).not.toEqual([]);

  const again = start([]);
  await shows(again, "It runs until Ctrl-C");
  const output = again.output();
  expect(output).toContain("An MCP client called send_telegram_message");
  expect(output).toMatch(/Telegram received:[\s\S]*Hello from CCTelegram on Kubernetes/);
  const second = start([]);
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain('cluster "cctelegram" is in use by process');
  const url = /MCP endpoint, from this machine: +(\S+)/.exec(output)?.[1] ?? "";
  expect((await fetch(url.replace(/mcp$/, "health"))).status).toBe(200);

  again.child.kill("SIGINT");
  expect(await again.ended).toBe(0);
  expect(await leftovers()).toEqual([]);
});

test("npm start --context uses the existing cluster of that name", async () => {
  const context = (await kubectl(["config", "current-context"])).trim();
  const started = start(["--context", context, "--images", "docker.io/cctelegram/", "--tag", "dev"], {
    KUBECONFIG: cluster.kubeconfig,
  });
  expect(await started.ended).toBe(0);
  expect(started.output()).toMatch(/Telegram received:[\s\S]*Hello from CCTelegram on Kubernetes/);
  await kubectl(["delete", "-f", "examples/quickstart.yaml"]);
});

test("npm start --context with a name that is not there says so and touches nothing", async () => {
  const started = start(["--context", "nowhere"], { KUBECONFIG: cluster.kubeconfig });
  expect(await started.ended).toBe(1);
  expect(started.output()).toContain('context "nowhere" does not exist');
});

test("half of what the real Telegram needs is refused with what is missing", async () => {
  const started = start([], { TELEGRAM_BOT_TOKEN: "123456:AAExampleTokenOfABotThatDoesNotExist" });
  expect(await started.ended).toBe(78);
  expect(started.output()).toContain("TELEGRAM_ALLOWED_USERS=123456789");
});
