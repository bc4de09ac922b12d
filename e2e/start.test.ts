import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { run } from "../machine/command.mjs";
import { DEFAULT_NAME } from "./cluster/cluster.ts";
import { clusterFolders } from "./cluster/folders.ts";
import { cluster } from "./environment.ts";
import { commandOf, processesNaming, shows, start, temporaryFolder } from "./started.ts";

/** Everything of the local cluster that is left on the machine: processes, mounts, interfaces, namespaces. */
async function leftovers(): Promise<string[]> {
  const commands = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(commandOf);
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  const network = (await run("ip", ["netns", "list"]))
    .split("\n")
    .concat((await run("ip", ["-o", "link"])).split("\n"));
  const { root, id } = clusterFolders(DEFAULT_NAME);
  return [...commands, ...mounts]
    .filter((line) => line.includes(`${root}/`))
    .concat(network.filter((line) => line.includes(`cct-${id}-`)));
}

test("npm start, killed with -9, started again, delivers a message, and leaves nothing behind after Ctrl-C", async () => {
  const killed = start([]);
  await shows(killed, "done    control plane");
  const family = (await run("ps", ["-o", "pid=", "--ppid", `${killed.child.pid}`])).split("\n").filter(Boolean);
  for (const pid of [killed.child.pid, ...family.map(Number)]) process.kill(Number(pid), "SIGKILL");
  await killed.ended;
  expect(await leftovers()).not.toEqual([]);

  const temporary = temporaryFolder();
  const again = start([], { TMPDIR: temporary });
  await shows(again, "It runs until Ctrl-C");
  const output = again.output();
  const [alone = "", inCluster = ""] = output.split("install the operator with Helm");
  expect(alone).toMatch(
    /An MCP client called send_telegram_message[\s\S]*Telegram received:[\s\S]*Hello from CCTelegram/,
  );
  expect(inCluster).toContain("An MCP client called send_telegram_message");
  expect(inCluster).toMatch(/Telegram received:[\s\S]*Hello from CCTelegram on Kubernetes/);
  expect(inCluster).toContain("The server that stood alone has been stopped");
  const [, first = ""] = /MCP endpoint: +(\S+)/.exec(alone) ?? [];
  await expect(fetch(first)).rejects.toThrow();
  const second = start([]);
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain('cluster "cctelegram" is in use by process');
  const url = /MCP endpoint, from this machine: +(\S+)/.exec(output)?.[1] ?? "";
  expect((await fetch(url.replace(/mcp$/, "health"))).status).toBe(200);

  again.child.kill("SIGINT");
  expect(await again.ended).toBe(0);
  expect(again.output()).toContain("Everything has been ended and removed. Kept for the next time: node_modules");
  expect(await leftovers()).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
});

test("Ctrl-C while Go compiles ends it within seconds and leaves nothing outside of the caches", async () => {
  const folder = temporaryFolder();
  const cache = join(folder, "cache");
  const env = { CCTELEGRAM_CACHE: cache, GOCACHE: join(folder, "go"), TMPDIR: tmpdir() };
  const started = start([], env);
  const compilers = () => processesNaming(cache).filter((command) => /\/(compile|asm|link) /.test(command));
  await vi.waitFor(() => expect(compilers()).not.toEqual([]), { timeout: 240_000, interval: 200 });
  const stoppedAt = performance.now();
  started.child.kill("SIGINT");
  expect(await started.ended).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(15_000);
  expect(started.output()).toMatch(/stopped compile /);
  expect(processesNaming(folder)).toEqual([]);
  const built = readdirSync(cache, { recursive: true }).map(String);
  expect(built.filter((path) => path.includes(".unfinished"))).toEqual([]);
  expect(await leftovers()).toEqual([]);
});

test("npm start --context with a name that is not there says so and touches nothing", async () => {
  const started = start(["--context", "nowhere"], { KUBECONFIG: cluster.kubeconfig });
  expect(await started.ended).toBe(1);
  expect(started.output()).toContain('context "nowhere" does not exist');
});
