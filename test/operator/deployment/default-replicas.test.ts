import { expect, test } from "vitest";
import type { DeploymentSpec } from "../../../operator/api/spec.ts";
import { withoutDefaultReplicas } from "../../../operator/deployment/default-replicas.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { specOf } from "./support/blueprint.ts";

const owns = (manager: string) => ({ manager, fieldsV1: { "f:spec": { "f:server": { "f:replicas": {} } } } });
const defaultsManager = "cctelegram-operator-defaults";

/** A resource whose profile means three servers. */
const resource = (
  replicas: number,
  { managers = [], applied, remembered }: { managers?: string[]; applied?: object; remembered?: number },
): KubernetesObject => ({
  metadata: {
    managedFields: managers.map(owns),
    annotations: applied ? { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(applied) } : {},
  },
  spec: specOf({ profile: "Production", server: { replicas, logLevel: "debug" } }),
  status: remembered === undefined ? {} : { defaultReplicas: remembered },
});

test.each([
  ["the status remembers", resource(2, { remembered: 2, applied: { spec: { server: {} } } })],
  ["the API server notes as the operator's", resource(2, { remembered: 2, managers: [defaultsManager] })],
  ["was written before a crash", resource(3, {})],
  ["follows a profile that has just changed", resource(3, { remembered: 2 })],
])("a number that %s is nobody's wish: the spec reads as if it were not there", (_what, object) => {
  const { spec, defaultReplicas } = withoutDefaultReplicas(object, object.spec as DeploymentSpec);
  expect(defaultReplicas).toBe((object.spec as { server: { replicas: number } }).server.replicas);
  expect(spec.server).not.toHaveProperty("replicas");
  expect(spec.server.logLevel).toBe("debug");
});

test.each([
  ["somebody scaled to", resource(5, { remembered: 3 })],
  ["somebody applied", resource(3, { remembered: 3, managers: ["argocd"] })],
  ["somebody wants as well", resource(3, { remembered: 3, managers: [defaultsManager, "argocd"] })],
  ["kubectl applied with the value that was there", resource(3, { applied: { spec: { server: { replicas: 3 } } } })],
])("a number that %s stands", (_what, object) => {
  const { spec, defaultReplicas } = withoutDefaultReplicas(object, object.spec as DeploymentSpec);
  expect(spec.server.replicas).toBe((object.spec as { server: { replicas: number } }).server.replicas);
  expect(defaultReplicas).toBeUndefined();
});
