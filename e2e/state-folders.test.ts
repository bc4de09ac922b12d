import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../machine/command.mjs";
import { clusterFolders } from "./cluster/folders.ts";
import { namespacesOf } from "./cluster/network.ts";
import { isEnforced } from "./cluster/network-policies.ts";
import { cluster, getJson } from "./environment.ts";
import { operatorNamespace, telegramNamespace } from "./installation.ts";
import { clusterName } from "./names.ts";

type Pods = { readonly items: readonly { metadata: { uid: string }; status: { containerStatuses?: object[] } }[] };

/** What runs for all tests, with its starts: a container that was killed counts one more, or is gone. */
async function containers() {
  const lists = await Promise.all(
    [operatorNamespace, telegramNamespace].map((namespace) => getJson<Pods>("-n", namespace, "get", "pods")),
  );
  return lists.flatMap(({ items }) =>
    items.map(({ metadata, status }) => ({ uid: metadata.uid, containers: status.containerStatuses })),
  );
}

test("a cluster of the same name in another state folder comes and goes without a trace in this one", async () => {
  const state = mkdtempSync(join(tmpdir(), "state-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const command = (...args: string[]) =>
    run(process.execPath, ["e2e/cluster/cli.ts", ...args, "--name", clusterName], {
      env: { ...process.env, CCTELEGRAM_STATE: state },
    });
  const here = clusterFolders(clusterName);
  const there = clusterFolders(clusterName, state);
  const [before, namespaces] = [await containers(), await namespacesOf(here.id)];
  expect(before).not.toEqual([]);
  try {
    expect(await command("up", "--nodes", "1")).toContain("is ready");
    expect(await command("status")).toContain(`${clusterName}: 1 nodes`);
    expect(await namespacesOf(there.id)).toHaveLength(1);
  } finally {
    await command("down");
  }
  expect(await namespacesOf(there.id)).toEqual([]);
  expect(await namespacesOf(here.id)).toEqual(namespaces);
  expect(await containers()).toEqual(before);
  expect(await isEnforced(namespaces[0] ?? "")).toBe(true);
  expect(await cluster.kubectl(["get", "--raw", "/readyz"])).toBe("ok");
});
