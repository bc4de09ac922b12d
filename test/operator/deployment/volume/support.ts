import type { DeploymentSpec } from "../../../../operator/api/spec.ts";
import { type VolumeLook, Volumes } from "../../../../operator/deployment/volume/volumes.ts";
import { ApiError } from "../../../../operator/runtime/api-error.ts";
import { quantityValue } from "../../../../operator/runtime/quantity.ts";
import { specOf } from "../support/blueprint.ts";
import { resource } from "../support/snapshot.ts";

export const Gi = 2 ** 30;

type Request = { readonly method: string; readonly path: string; readonly body?: unknown };
type Patch = {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
};

export type Growth = { readonly from: number; readonly to: number; readonly usedPercent: number };

/** The claim of a queue, its API server, its driver and the clock of an operator. */
export class VolumeStage {
  storage: DeploymentSpec["bridge"]["storage"] = specOf().bridge.storage;
  /** What may go wrong. */
  class: "Grows" | "Fixed" = "Grows";
  driver: "Grows" | "Slow" | "Infeasible" = "Grows";
  role: "Granted" | "Missing" = "Granted";
  /** The smallest disk of the driver. */
  leastBytes = 0;
  answers = true;
  usedBytes = 0;
  skewMs = 0;
  request = "1Gi";
  capacityBytes = Gi;
  look: VolumeLook = { failures: [] };
  readonly growths: Growth[] = [];
  #version = 1;
  #now = Date.parse("2026-01-01T00:00:00Z");
  #lookAt: number | undefined;
  #volumes = this.#started();

  /** Another volume, as the template of the StatefulSet says. */
  replace(): void {
    this.request = "1Gi";
    this.capacityBytes = Math.max(Gi, this.leastBytes);
    this.#version += 1;
  }

  restart(): void {
    this.#volumes = this.#started();
  }

  /** A reconcile, which a change brings about. */
  async step(): Promise<void> {
    this.#drive();
    const spec = specOf({ bridge: { storage: this.storage } });
    const sizeBytes = this.capacityBytes;
    const use = { sizeBytes, freeBytes: Math.max(sizeBytes - this.usedBytes, 0) };
    this.look = await this.#volumes.look(resource({ spec }), {
      templateSize: "1Gi",
      use: this.answers ? use : undefined,
      mayWrite: true,
    });
    // What fails is tried again.
    const againMs = this.look.failures.length > 0 ? 60_000 : this.look.lookAgainMs;
    this.#lookAt = againMs === undefined ? undefined : this.#now + againMs;
  }

  /** Reconciles only when a look has asked for one, or the driver has made the volume larger, which the bridge tells. */
  async pass(minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute += 1) {
      this.#now += 60_000;
      if (this.#drive() || (this.#lookAt !== undefined && this.#lookAt <= this.#now)) await this.step();
    }
  }

  #started(): Volumes {
    return new Volumes({
      client: { request: async <T>(request: Request) => this.#answer(request) as T },
      recorder: { record: () => {} },
      now: () => this.#now + this.skewMs,
    });
  }

  #drive(): boolean {
    const before = this.capacityBytes;
    if (this.driver === "Grows") this.capacityBytes = Math.max(before, quantityValue(this.request));
    return this.capacityBytes !== before;
  }

  #answer({ method, path, body }: Request): unknown {
    if (this.role === "Missing")
      throw this.#refusal(
        403,
        method,
        `User "operator" cannot ${method.toLowerCase()} resource "persistentvolumeclaims"`,
      );
    if (method === "PATCH") this.#patch(path, body as Patch);
    const isGrowing = this.capacityBytes < quantityValue(this.request);
    return {
      metadata: { name: "queue-team-bridge-0", resourceVersion: `${this.#version}` },
      spec: { resources: { requests: { storage: this.request } } },
      status: {
        capacity: { storage: `${this.capacityBytes}` },
        ...(isGrowing && this.driver === "Infeasible"
          ? { allocatedResourceStatuses: { storage: "NodeResizeInfeasible" } }
          : {}),
      },
    };
  }

  #patch(path: string, { metadata, spec }: Patch): void {
    const to = spec.resources.requests.storage;
    const from = quantityValue(this.request);
    if (metadata.resourceVersion !== `${this.#version}`) throw this.#refusal(409, path, "the object has been modified");
    if (quantityValue(to) <= from) throw new Error(`a claim of ${this.request} was to become ${to}`);
    if (this.class === "Fixed")
      throw this.#refusal(
        422,
        path,
        "only dynamically provisioned pvc can be resized and the storageclass must support it",
      );
    this.growths.push({ from, to: quantityValue(to), usedPercent: (100 * this.usedBytes) / this.capacityBytes });
    this.request = to;
    this.#version += 1;
  }

  #refusal(status: number, path: string, message: string): ApiError {
    return new ApiError({ method: "PATCH", path, status, body: { kind: "Status", message } as never });
  }
}
