import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, expect, inject, test } from "vitest";
import { down, up } from "../../../e2e/cluster/cluster.ts";
import { silent } from "../../../machine/progress.mjs";

const name = "second";

const start = (reuse = false) => up({ name, nodes: 0, reuse, progress: silent });

/** Processes that name the cluster's folder in their arguments. */
function processesOf(kubeconfig: string): string[] {
  const folder = `${dirname(kubeconfig)}/`;
  const commands = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(commandOf);
  return commands.filter((command) => command.includes(folder));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // The process has ended in the meantime.
    return "";
  }
}

afterEach(() => down(name));

test("a second cluster runs beside the first, and two times down leaves nothing of it", async () => {
  const second = await start();
  expect(readFileSync(second.kubeconfig, "utf8")).not.toBe(readFileSync(inject("kubeconfig"), "utf8"));
  await second.kubectl(["create", "namespace", "only-in-the-second"]);
  expect(await second.kubectl(["get", "namespaces", "-o", "name"])).toContain("namespace/only-in-the-second");
  expect(processesOf(second.kubeconfig).length).toBeGreaterThanOrEqual(3);
  await second.down();
  await second.down();
  expect(processesOf(second.kubeconfig)).toEqual([]);
  expect(existsSync(second.kubeconfig)).toBe(false);
  expect(processesOf(inject("kubeconfig")).length).toBeGreaterThanOrEqual(3);
});

test("a healthy cluster is reused, a half-dead one is recognised and replaced", async () => {
  const first = await start();
  await first.kubectl(["create", "namespace", "mark"]);
  const same = await start(true);
  expect(await same.kubectl(["get", "namespaces", "-o", "name"])).toContain("namespace/mark");
  await same.killProcess("etcd");
  const replaced = await start(true);
  expect(await replaced.kubectl(["get", "namespaces", "-o", "name"])).not.toContain("namespace/mark");
});
