import { setTimeout as sleep } from "node:timers/promises";
import { pods } from "../../../../operator/deployment/resource-types.ts";
import { ApiError } from "../../../../operator/runtime/api-error.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import { storedOf } from "../../../../operator/runtime/informer.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { createMetrics } from "../../../../operator/runtime/metrics.ts";
import { Reflector } from "../../../../operator/runtime/reflector.ts";
import { resourcePath } from "../../../../operator/runtime/resource-type.ts";
import { Store, type Stored } from "../../../../operator/runtime/store.ts";
import { realClock } from "../../runtime/api-server.ts";
import { recordingLogger } from "../../runtime/recording-logger.ts";
import { waitingForInputs } from "./pod-inputs.ts";

/** The pod status that a kubelet reports; undefined leaves the pod pending. */
export type PodReport = (pod: KubernetesObject) => object | undefined;

type Container = { readonly name: string; readonly image: string };

const containersOf = (pod: KubernetesObject) => (pod.spec as { containers: Container[] }).containers;

/** A pod whose containers all run and are ready. */
export const running: PodReport = (pod) => ({
  phase: "Running",
  conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => ({ type, status: "True" })),
  containerStatuses: containersOf(pod).map(({ name, image }) => ({
    name,
    image,
    imageID: "",
    ready: true,
    restartCount: 0,
    started: true,
    state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
  })),
});

/** Pods with addresses of their own, and the address of each by its name. */
export function addressed(report: PodReport) {
  const addresses = new Map<string, string>();
  const addressOf = (pod: string): string => {
    const address = addresses.get(pod) ?? `10.1.0.${addresses.size + 1}`;
    addresses.set(pod, address);
    return address;
  };
  const reported: PodReport = (pod) => {
    const podIP = addressOf(pod.metadata.name ?? "");
    const status = report(pod);
    return status && { ...status, podIP };
  };
  return { report: reported, addresses };
}

/** A pod whose image cannot be pulled. */
export const withoutImage: PodReport = (pod) => ({
  phase: "Pending",
  conditions: [
    { type: "PodScheduled", status: "True" },
    { type: "Ready", status: "False" },
  ],
  containerStatuses: containersOf(pod).map(({ name, image }) => ({
    name,
    image,
    imageID: "",
    ready: false,
    restartCount: 0,
    state: { waiting: { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}"` } },
  })),
});

/** The pod was replaced meanwhile, or the server could not answer; anything else, such as a pod that is gone, stays. */
const mayPass = (error: unknown) =>
  !(error instanceof ApiError) || error.status === 409 || error.status === 429 || error.status >= 500;

/** Between two looks for what a pod needs to start. */
const retryMs = 250;

const isStarted = (status: object) => (status as { phase?: string }).phase !== "Pending";

/**
 * Reports the state of pods instead of a kubelet: the control plane of the tests has no nodes. Whatever is to be reported,
 * a pod does not start before the Secrets, ConfigMaps and claims that it reads are there.
 */
export class Kubelet {
  readonly #client: Client;
  readonly #namespace: string;
  readonly #stop = new AbortController();
  readonly #pods = new Map<string, KubernetesObject>();
  /** Uids: those keep running when what they read is deleted. */
  readonly #started = new Set<string>();
  /** Names of pods that are looked at again. */
  readonly #waiting = new Set<string>();
  #report: PodReport;
  #done: Promise<void> = Promise.resolve();
  #reports: Promise<unknown> = Promise.resolve();
  #retries: Promise<unknown> = Promise.resolve();

  constructor(client: Client, namespace: string, report: PodReport = running) {
    this.#client = client;
    this.#namespace = namespace;
    this.#report = report;
  }

  start(): void {
    const reflector = new Reflector<Stored>({
      client: this.#client,
      type: pods,
      namespace: this.#namespace,
      store: new Store(),
      reduce: (pod) => {
        const reduced = storedOf(pod);
        this.#pods.set(reduced.name, pod);
        return reduced;
      },
      onChange: (change) => {
        if (change.type === "deleted") this.#pods.delete(change.before.name);
        // After a gap in the watch, another pod of the same name has taken the place of one.
        else if (change.type === "added" || change.before.uid !== change.after.uid) this.#send(change.after.name);
      },
      clock: realClock,
      random: () => 0,
      logger: recordingLogger(),
      metrics: createMetrics(),
    });
    this.#done = reflector.run(this.#stop.signal);
  }

  /** From now on pods are reported like that, existing ones too. */
  async report(report: PodReport): Promise<void> {
    this.#report = report;
    for (const name of this.#pods.keys()) this.#send(name);
    await this.#reports;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#reports;
    await this.#retries;
  }

  #send(name: string): void {
    this.#reports = Promise.all([this.#reports, this.#sendUntilStored(name)]);
  }

  /** As a kubelet does: a status that could not be written is written again, as long as the pod is there. */
  async #sendUntilStored(name: string): Promise<void> {
    const path = resourcePath(pods, { namespace: this.#namespace, name, subresource: "status" });
    while (!this.#stop.signal.aborted) {
      const pod = this.#pods.get(name);
      const reported = pod && this.#report(pod);
      if (!reported) return;
      try {
        const status = await this.#possible(pod, reported);
        const body = { metadata: { uid: pod.metadata.uid }, status };
        await this.#client.request({ method: "PATCH", path, contentType: "application/merge-patch+json", body });
        return;
      } catch (error) {
        if (!mayPass(error)) return;
        await sleep(200);
      }
    }
  }

  /** The status that is reported, unless the pod waits for what it reads. */
  async #possible(pod: KubernetesObject, reported: object): Promise<object> {
    const { uid = "", name = "" } = pod.metadata;
    if (!isStarted(reported) || this.#started.has(uid)) return reported;
    const waiting = await waitingForInputs(this.#client, pod);
    if (waiting) this.#lookAgain(name);
    else this.#started.add(uid);
    return waiting ?? reported;
  }

  #lookAgain(name: string): void {
    if (this.#waiting.has(name)) return;
    this.#waiting.add(name);
    const again = sleep(retryMs, undefined, { signal: this.#stop.signal }).then(
      () => {
        this.#waiting.delete(name);
        return this.#sendUntilStored(name);
      },
      () => undefined,
    );
    this.#retries = Promise.all([this.#retries, again]);
  }
}
