import * as types from "../../../../operator/deployment/resource-types.ts";
import { isNotFound } from "../../../../operator/runtime/api-error.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import type { World } from "./world.ts";

export type Claim = KubernetesObject & {
  readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
  readonly status: { readonly phase: string };
};

export const claimOf = (world: World, name: string) =>
  world.get<Claim>(types.persistentVolumeClaims, `queue-${name}-bridge-0`);

/** The size that the claim of a resource asks for; undefined when it has none. */
export async function sizeOf(world: World, name: string): Promise<string | undefined> {
  try {
    return (await claimOf(world, name)).spec.resources.requests.storage;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A claim that a person makes, for backups. */
export const createClaim = (world: World, name: string) =>
  world.post(types.persistentVolumeClaims, {
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  });

/** A storage class of one test, and the volumes of 1 Gi that its driver has made: both belong to the whole cluster. */
export class Disks {
  readonly #world: World;
  readonly #made: string[] = [];
  readonly storageClassName: string;

  private constructor(world: World, suffix: string) {
    this.#world = world;
    this.storageClassName = `${world.namespace}-${suffix}`;
  }

  static async create(world: World, suffix: string, allowVolumeExpansion: boolean): Promise<Disks> {
    const disks = new Disks(world, suffix);
    await disks.#post("/apis/storage.k8s.io/v1/storageclasses", disks.storageClassName, {
      ...{ provisioner: "example.com/disks", allowVolumeExpansion },
    });
    return disks;
  }

  /** The volume of a resource, to which its claim will be bound. */
  async make(name: string): Promise<void> {
    const { namespace } = this.#world;
    await this.#post("/api/v1/persistentvolumes", `${namespace}-${name}`, {
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: ["ReadWriteOnce"],
        persistentVolumeReclaimPolicy: "Retain",
        storageClassName: this.storageClassName,
        claimRef: { namespace, name: `queue-${name}-bridge-0` },
        hostPath: { path: "/nowhere" },
      },
    });
  }

  async remove(): Promise<void> {
    for (const path of this.#made.splice(0)) await this.#world.client.request({ method: "DELETE", path });
  }

  async #post(path: string, name: string, body: object): Promise<void> {
    await this.#world.client.request({ method: "POST", path, body: { metadata: { name }, ...body } });
    this.#made.push(`${path}/${name}`);
  }
}
