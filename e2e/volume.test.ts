import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { run } from "../machine/command.mjs";
import { clusterFolders } from "./cluster/folders.ts";
import {
  applyResource,
  cluster,
  condition,
  createNamespace,
  createToken,
  endpoint,
  expectReason,
  getJson,
  kubectl,
  podsOf,
  waitReady,
} from "./environment.ts";
import { callTool, connectClient } from "./mcp.ts";
import { clusterName } from "./names.ts";

type Claim = {
  readonly spec: {
    readonly volumeName: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
  readonly status: { readonly capacity?: { readonly storage: string } };
};

const mebibyte = 2 ** 20;

let namespace: string;

beforeAll(async () => {
  namespace = await createNamespace("volume");
  await createToken(namespace);
});
afterAll(async () => {
  await kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--timeout=2m"]);
  for (const disk of disks) await disk.remove();
});

const apply = (object: object) => kubectl(["apply", "-f", "-"], { input: JSON.stringify(object) });

const disks: Disk[] = [];

/** A file system in memory on the first node, of 64 MiB, with its class: both are what a driver of storage makes. */
class Disk {
  readonly resource: string;
  readonly #name: string;
  readonly #folder: string;
  readonly #claim: readonly string[];

  private constructor(resource: string) {
    this.resource = resource;
    this.#name = `${namespace}-${resource}`;
    this.#folder = join(clusterFolders(clusterName).node(1).volumes, this.#name);
    this.#claim = ["-n", namespace, "get", "persistentvolumeclaim", `queue-${resource}-bridge-0`];
  }

  static async create(resource: string, allowVolumeExpansion: boolean): Promise<Disk> {
    const disk = new Disk(resource);
    disks.push(disk);
    await disk.#create(allowVolumeExpansion);
    return disk;
  }

  async #create(allowVolumeExpansion: boolean): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    await run("mount", ["-t", "tmpfs", "-o", "size=64m,mode=1777", this.#name, this.#folder]);
    const [kind, metadata] = ["StorageClass", { name: this.#name }];
    await apply({
      apiVersion: "storage.k8s.io/v1",
      kind,
      metadata,
      provisioner: "example.com/disk",
      allowVolumeExpansion,
    });
    const values = [cluster.nodes[0]];
    await apply({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata,
      spec: {
        capacity: { storage: "64Mi" },
        accessModes: ["ReadWriteOnce"],
        persistentVolumeReclaimPolicy: "Retain",
        storageClassName: this.#name,
        claimRef: { namespace, name: `queue-${this.resource}-bridge-0` },
        local: { path: this.#folder },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values }] }],
          },
        },
      },
    });
  }

  readonly claim = () => getJson<Claim>(...this.#claim);

  /** Takes room as messages would. */
  fill(mebibytes: number): void {
    writeFileSync(join(this.#folder, "filling"), Buffer.alloc(mebibytes * mebibyte));
  }

  free(): void {
    rmSync(join(this.#folder, "filling"));
  }

  /** What a driver does for a claim that asks for more. */
  async grow(): Promise<string> {
    const { storage } = (await this.claim()).spec.resources.requests;
    await run("mount", ["-o", `remount,size=${storage.replace("Mi", "m")}`, this.#folder]);
    const capacity = { storage };
    await kubectl(["patch", "pv", this.#name, "--type=merge", "-p", JSON.stringify({ spec: { capacity } })]);
    const name = `queue-${this.resource}-bridge-0`;
    const patch = ["--subresource=status", "--type=merge", "-p", JSON.stringify({ status: { capacity } })];
    await kubectl(["-n", namespace, "patch", "persistentvolumeclaim", name, ...patch]);
    return storage;
  }

  async remove(): Promise<void> {
    await kubectl(["delete", `pv/${this.#name}`, `storageclass/${this.#name}`, "--ignore-not-found"]);
    await run("umount", ["--lazy", this.#folder]);
    rmSync(this.#folder, { recursive: true });
  }
}

async function startOn({ resource }: Disk): Promise<void> {
  const storage = { size: "64Mi", storageClassName: `${namespace}-${resource}` };
  await applyResource(namespace, resource, { bridge: { storage } });
  await waitReady(namespace, resource);
}

/** What the bridge's pod sees of its volume, in MiB. */
async function seenBy(resource: string): Promise<number> {
  const program =
    "const { blocks, bsize } = fs.statfsSync(process.env.CC_TELEGRAM_DATA_DIR); console.log((blocks * bsize) / 2 ** 20)";
  const pod = ["-n", namespace, "exec", `${resource}-bridge-0`, "--"];
  return Number(await kubectl([...pod, "node", "--eval", program]));
}

async function send(resource: string): Promise<unknown> {
  const { url, key } = await endpoint(namespace, resource);
  const client = await connectClient(url, key);
  const answer = await callTool(client, "send_telegram_message", { message: "there is room" });
  await client.close();
  return answer;
}

const bridgeOf = async (resource: string) =>
  (await podsOf(namespace, resource, "bridge")).map(({ metadata }) => metadata.uid);

describe.concurrent("a volume that is nearly full", () => {
  test("is grown by half where its class can, while its bridge goes on", async ({ expect }) => {
    const disk = await Disk.create("growing", true);
    await startOn(disk);
    const before = await bridgeOf("growing");
    disk.fill(56);
    const asked = async () => (await disk.claim()).spec.resources.requests.storage;
    await expect.poll(asked, { timeout: 120_000, interval: 500 }).toBe("96Mi");
    expect(await disk.grow()).toBe("96Mi");
    expect(await seenBy("growing")).toBe(96);
    expect(await kubectl(["-n", namespace, "describe", "cctd", "growing"])).toMatch(/VolumeGrown .*grow to 96Mi/);
    expect(await send("growing")).toMatchObject({ success: true });
    expect(await bridgeOf("growing")).toEqual(before);
    expect((await condition(namespace, "growing", "Degraded"))?.status).toBe("False");
  });

  test("is a problem with what to do where its class cannot, before a message is refused", async ({ expect }) => {
    const disk = await Disk.create("fixed", false);
    await startOn(disk);
    disk.fill(56);
    await expectReason(namespace, "fixed", "Degraded", "VolumeNearlyFull", expect);
    const { message } = (await condition(namespace, "fixed", "Degraded"))!;
    expect(message).toContain("set allowVolumeExpansion in the StorageClass if its driver can");
    expect((await condition(namespace, "fixed", "Ready"))?.status).toBe("True");
    expect(await send("fixed")).toMatchObject({ success: true });
    expect((await disk.claim()).spec.resources.requests.storage).toBe("64Mi");
    disk.free();
    const isDegraded = async () => (await condition(namespace, "fixed", "Degraded"))?.status;
    await expect.poll(isDegraded, { timeout: 120_000, interval: 500 }).toBe("False");
  });
});
