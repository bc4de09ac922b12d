import fc from "fast-check";
import { expect, test } from "vitest";
import type { PodReplacements } from "../../../../operator/api/pod-replacements.ts";
import { mostReplacements, nextReplacement } from "../../../../operator/deployment/replacement/policy.ts";
import { workload } from "../support/snapshot.ts";
import { podOf } from "./support.ts";

const replicas = 3;

type Change =
  | { readonly change: "Fail" | "Recover" | "Gone"; readonly index: number }
  | { readonly change: "Refuse" | "Allow" | "Version" | "Unready" | "Ready" };

const index = fc.nat(replicas - 1);
const changes = fc.array(
  fc.oneof(
    fc.record({
      change: fc.constantFrom("Fail" as const, "Fail" as const, "Recover" as const, "Gone" as const),
      index,
    }),
    fc.record({ change: fc.constantFrom("Refuse" as const, "Allow" as const, "Version" as const) }),
    fc.record({ change: fc.constantFrom("Unready" as const, "Ready" as const) }),
  ),
  { maxLength: 40, size: "max" },
);

/** Pods whose places are refilled at once, and a disruption budget that may refuse. */
class Replicas {
  pods = Array.from({ length: replicas }, (_, place) => podOf(`${place}-0`, "v0"));
  failing = new Set<string>();
  refuses = false;
  isReady = true;
  before: PodReplacements | undefined;
  readonly evicted: { readonly uid: string; readonly revision: string; readonly others: number }[] = [];
  #made = 0;
  #version = 0;

  take(one: Change): void {
    if ("index" in one) {
      const { uid } = this.pods[one.index]!;
      if (one.change === "Fail") this.failing.add(uid);
      if (one.change === "Recover") this.failing.delete(uid);
      if (one.change === "Gone") this.#replace(uid);
    }
    if (one.change === "Refuse" || one.change === "Allow") this.refuses = one.change === "Refuse";
    if (one.change === "Unready" || one.change === "Ready") this.isReady = one.change === "Ready";
    if (one.change === "Version") {
      this.#version += 1;
      for (const { uid } of this.pods) this.#replace(uid);
    }
    this.step();
  }

  /** A reconcile: what is remembered is written before the pod is evicted. */
  step(): void {
    const { failing, pods, before } = this;
    const server = workload(this.isReady ? {} : { ready: replicas - 1 });
    const next = nextReplacement({ failing: [...failing], pods, server, before });
    // What is counted is done first.
    const isDue = before !== undefined && failing.has(before.lastPod) && failing.size < replicas && this.isReady;
    if (isDue) expect(next).toEqual(before);
    if (next === undefined) return;
    expect(this.isReady).toBe(true);
    this.before = next;
    const pod = pods.find(({ uid }) => uid === next.lastPod)!;
    expect(failing.has(pod.uid)).toBe(true);
    if (this.refuses) return;
    const others = pods.filter(({ uid }) => !failing.has(uid)).length;
    this.evicted.push({ uid: pod.uid, revision: pod.revision, others });
    this.#replace(pod.uid);
  }

  #replace(gone: string): void {
    this.#made += 1;
    this.failing.delete(gone);
    const made = podOf(`${(this.#made * 7) % 10}-${this.#made}`, `v${this.#version}`);
    this.pods = this.pods.map((pod) => (pod.uid === gone ? made : pod));
  }
}

/** The last in the order is counted, and may not be evicted yet. */
function begun(): Replicas {
  const stage = new Replicas();
  stage.take({ change: "Refuse" });
  stage.take({ change: "Fail", index: replicas - 1 });
  return stage;
}

test("whatever happened, one that was counted is replaced first, only beside one that works, and few of one version", () => {
  fc.assert(
    fc.property(changes, (history) => {
      const stage = begun();
      for (const one of history) stage.take(one);
      for (const { others } of stage.evicted) expect(others).toBeGreaterThan(0);
      const revisions = stage.evicted.map(({ revision }) => revision);
      for (const revision of revisions)
        expect(revisions.filter((one) => one === revision).length).toBeLessThanOrEqual(mostReplacements);
      expect(new Set(stage.evicted.map(({ uid }) => uid)).size).toBe(stage.evicted.length);
    }),
  );
});

test("whatever happened, another version has its own count", () => {
  fc.assert(
    fc.property(changes, (history) => {
      const stage = begun();
      for (const one of history) stage.take(one);
      stage.isReady = true;
      stage.refuses = false;
      stage.take({ change: "Version" });
      const before = stage.evicted.length;
      for (let time = 0; time < 10; time += 1) stage.take({ change: "Fail", index: 1 });
      expect(stage.evicted.length - before).toBe(mostReplacements);
    }),
  );
});
