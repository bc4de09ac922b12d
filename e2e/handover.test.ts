import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  applyResource,
  changeSpec,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  getJson,
  kubectl,
  podsOf,
  target,
  waitReady,
} from "./environment.ts";
import { operatorNamespace } from "./installation.ts";
import { helm } from "./kubectl.ts";
import { callTool, connectClient } from "./mcp.ts";
import { nextTag } from "./names.ts";

const resource = "kept";
const chart = join(import.meta.dirname, "../charts/cctelegram-operator");
const adoptable = join(import.meta.dirname, "../adoption/main.ts");

type Saved = {
  readonly metadata: { readonly name: string; readonly labels: object; readonly annotations: object };
  readonly type: string;
  readonly data: object;
};

let namespace: string;
let key: string;

beforeAll(async () => {
  namespace = await createNamespace("handover");
  await createToken(namespace);
  await applyResource(namespace, resource);
  await waitReady(namespace, resource);
  ({ key } = await endpoint(namespace, resource));
});
afterAll(() => deleteNamespace(namespace));

/** The client of before is served with the key that it has. */
async function expectServed(where: string): Promise<void> {
  const { url } = await endpoint(where, resource);
  const mcp = await connectClient(url, key);
  expect(await callTool(mcp, "send_telegram_message", { message: "with the key of before" })).toMatchObject({
    success: true,
  });
  await mcp.close();
}

describe("another version of the operator", () => {
  const release = ["cctelegram-operator", "--namespace", operatorNamespace, "--wait", "--timeout=3m"];
  afterAll(() => helm(target, ["rollback", ...release]));

  test("takes over without another pod, and does what is asked for afterwards", async () => {
    const uids = async () =>
      (await Promise.all(["mcp-server", "bridge"].map((component) => podsOf(namespace, resource, component))))
        .flat()
        .map(({ metadata }) => metadata.uid);
    const before = await uids();
    await helm(target, ["upgrade", ...release, chart, "--reuse-values", "--set", `image.tag=${nextTag}`]);
    const image = "jsonpath={.items[*].spec.template.spec.containers[*].image}";
    expect(await kubectl(["-n", operatorNamespace, "get", "deployments", "-o", image])).toMatch(
      new RegExp(`operator:${nextTag}$`),
    );
    // The work of the new one: it has the lease, and has seen the resource.
    const [old, young] = ["test", "young"].map((name) => ({ name, permissions: ["*"] }));
    const clientsAre = (...clients: unknown[]) => changeSpec(namespace, resource, { server: { auth: { clients } } });
    const secret = ["-n", namespace, "wait", `secret/${resource}-connection-young`, "--timeout=2m"];
    await clientsAre(old, young);
    await kubectl([...secret, "--for=create"]);
    await clientsAre(old);
    await kubectl([...secret, "--for=delete"]);
    await waitReady(namespace, resource);
    expect(await uids()).toEqual(before);
    await expectServed(namespace);
  });
});

describe("after the resource was deleted", () => {
  const objects = "secret,service";
  const gone = () =>
    kubectl(["-n", namespace, "get", objects, "-l", `app.kubernetes.io/instance=${resource}`, "-o", "name"]);
  async function deleted(): Promise<void> {
    await kubectl(["-n", namespace, "delete", "cctd", resource]);
    await expect.poll(gone, { timeout: 90_000, interval: 500 }).toBe("");
  }

  test("its Secrets without an owner, as Velero restores them, give clients the keys that they had", async () => {
    const label = ["-l", `app.kubernetes.io/instance=${resource}`];
    const { items } = await getJson<{ items: Saved[] }>("-n", namespace, "get", "secret", ...label);
    await deleted();
    const restored = items.map(({ metadata: { name, labels, annotations }, type, data }) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, labels, annotations },
      type,
      data,
    }));
    await kubectl(["-n", namespace, "create", "-f", "-"], {
      input: JSON.stringify({ apiVersion: "v1", kind: "List", items: restored }),
    });
    await applyResource(namespace, resource);
    await waitReady(namespace, resource);
    await expectServed(namespace);
  });

  test("its exported objects, made adoptable, give clients the keys that they had in another namespace", async () => {
    const exported = [
      await kubectl(["-n", namespace, "get", objects, "-l", `app.kubernetes.io/instance=${resource}`, "-o", "yaml"]),
      await kubectl(["-n", namespace, "get", "cctd", resource, "-o", "yaml"]),
    ].join("\n---\n");
    await deleted();
    const other = await createNamespace("handover");
    try {
      await createToken(other);
      const args = [adoptable, "--resource", resource, "--namespace", other];
      const { stdout, stderr } = spawnSync(process.execPath, args, { input: exported, encoding: "utf8" });
      expect(stderr.split("\n").filter((line) => !/^(left out: .*)?$/.test(line))).toEqual([]);
      await kubectl(["apply", "-f", "-"], { input: stdout });
      await waitReady(other, resource);
      await expectServed(other);
    } finally {
      await deleteNamespace(other);
    }
  });
});
