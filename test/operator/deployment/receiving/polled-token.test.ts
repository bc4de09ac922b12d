import { expect, test } from "vitest";
import { bridgeStatefulSet } from "../../../../operator/deployment/desired/bridge-stateful-set.ts";
import { reducePod, samePod } from "../../../../operator/deployment/pods/pods.ts";
import { polledToken } from "../../../../operator/deployment/receiving/polled-token.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { blueprint, specOf } from "../support/blueprint.ts";

const telegram = { botTokenSecretRef: { name: "telegram", key: "bot" }, allowedUsers: [1] };

/** A bridge's pod as the API server shows it. */
function pod(fields: { readonly metadata?: object; readonly phase?: string }): KubernetesObject {
  const { object } = bridgeStatefulSet(blueprint(specOf({ telegram }), { updates: "Polling" }));
  const { template } = object.spec as { template: KubernetesObject & { spec: object } };
  const metadata = { ...template.metadata, namespace: "tools", name: "team-bridge-0", ...fields.metadata };
  return { ...template, metadata, status: { phase: fields.phase ?? "Running" } } as unknown as KubernetesObject;
}

/** What the operator reads from the pods that it makes. */
function polled(updates: "Polling" | "None" | undefined) {
  const { object } = bridgeStatefulSet(blueprint(specOf({ telegram }), { updates }));
  return polledToken((object.spec as { template: { spec: Parameters<typeof polledToken>[0] } }).template.spec);
}

test("a bridge's pod tells the Secret with whose token it reads updates, or that it reads none", () => {
  expect(polled("Polling")).toEqual({ name: "telegram", key: "bot" });
  expect(polled("None")).toBeUndefined();
  expect(polled(undefined)).toBeUndefined();
  expect(polledToken(undefined)).toBeUndefined();
});

test("without the field the StatefulSet is the one of an operator that does not know the field", () => {
  const { object } = bridgeStatefulSet(blueprint(specOf({ telegram })));
  expect(JSON.stringify(object)).not.toContain("TELEGRAM_UPDATES");
});

test("a pod that is being deleted may read updates until its containers have ended, which is a change to look at", () => {
  const ref = { name: "telegram", key: "bot" };
  expect(reducePod(pod({})).polls).toEqual(ref);
  const deleted = reducePod(pod({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }));
  expect(deleted).toMatchObject({ ended: true, polls: ref });
  const gone = reducePod(pod({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }, phase: "Succeeded" }));
  expect(gone.polls).toBeUndefined();
  expect(samePod(deleted, gone)).toBe(false);
});
