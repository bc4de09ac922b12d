/** The storage class "local": a folder on the node of the first pod that uses a claim. Arguments: SERVER PKI NODES_FOLDER. */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PROVISIONER } from "./addons.ts";
import { Api, ApiError } from "./api.ts";

type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

type Claim = {
  readonly metadata: Metadata;
  readonly spec: {
    readonly accessModes: readonly string[];
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly volumeMode?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
};

type Volume = {
  readonly metadata: Metadata;
  readonly spec: { readonly local?: { readonly path: string }; readonly persistentVolumeReclaimPolicy: string };
  readonly status?: { readonly phase?: string };
};

type List<T> = { readonly metadata: { readonly resourceVersion: string }; readonly items: readonly T[] };

const VOLUMES = "/api/v1/persistentvolumes";
const CLAIMS = "/api/v1/persistentvolumeclaims";
const RETRY_MS = 1_000;
const WATCH_SECONDS = 300;

const [server = "", pki = "", nodes = ""] = process.argv.slice(2);
const api = new Api(server, pki, "local-provisioner");

function folderOf(node: string, volume: string): string {
  return join(nodes, node.replace(/^node-/, ""), "volumes", volume);
}

async function provision(claim: Claim): Promise<void> {
  const node = claim.metadata.annotations?.["volume.kubernetes.io/selected-node"];
  const owner = claim.metadata.annotations?.["volume.kubernetes.io/storage-provisioner"];
  if (owner !== PROVISIONER || node === undefined || claim.spec.volumeName) return;
  const name = `pvc-${claim.metadata.uid}`;
  const path = folderOf(node, name);
  mkdirSync(path, { recursive: true });
  // A pod without fsGroup may run as any user; one with it gets the folder's group set by the kubelet.
  chmodSync(path, 0o777);
  const { namespace, name: claimName, uid } = claim.metadata;
  await api
    .request("POST", VOLUMES, {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name, annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER } },
      spec: {
        capacity: { storage: claim.spec.resources.requests.storage },
        accessModes: claim.spec.accessModes,
        persistentVolumeReclaimPolicy: "Delete",
        storageClassName: claim.spec.storageClassName,
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name: claimName, uid },
        local: { path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] },
            ],
          },
        },
      },
    })
    .catch(ignore(409));
}

async function reclaim({ metadata, spec, status }: Volume): Promise<void> {
  const isMine = metadata.annotations?.["pv.kubernetes.io/provisioned-by"] === PROVISIONER;
  if (!isMine || status?.phase !== "Released" || spec.persistentVolumeReclaimPolicy !== "Delete") return;
  const path = spec.local?.path ?? "";
  if (path.startsWith(`${nodes}/`)) rmSync(path, { recursive: true, force: true });
  await api.request("DELETE", `${VOLUMES}/${metadata.name}`).catch(ignore(404));
}

function ignore(status: number): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof ApiError) || error.status !== status) throw error;
  };
}

/** Handles every existing object, then every change until the watch ends. */
async function listAndWatch<T>(path: string, handle: (object: T) => Promise<void>): Promise<void> {
  const { items, metadata } = await api.request<List<T>>("GET", path);
  for (const item of items) await handle(item);
  const query = `watch=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${metadata.resourceVersion}`;
  for await (const { type, object } of api.watch<T>(`${path}?${query}`)) {
    if (type === "ERROR") return;
    if (type !== "DELETED") await handle(object);
  }
}

/** Never returns: after an error it starts again with a new list. */
async function follow<T>(path: string, handle: (object: T) => Promise<void>): Promise<never> {
  for (;;) {
    await listAndWatch(path, handle).catch((error: Error) => {
      console.error(error.message);
      return delay(RETRY_MS);
    });
  }
}

await Promise.all([follow(CLAIMS, provision), follow(VOLUMES, reclaim)]);
