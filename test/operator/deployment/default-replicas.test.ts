import { expect, test } from "vitest";
import { defaultsManager, withoutDefaultReplicas } from "../../../operator/deployment/default-replicas.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { specOf } from "./support/blueprint.ts";

const owns = (manager: string) => ({ manager, fieldsV1: { "f:spec": { "f:server": { "f:replicas": {} } } } });

const resource = (managers: readonly string[], lastApplied?: object): KubernetesObject => ({
  metadata: {
    managedFields: managers.map(owns),
    annotations: lastApplied ? { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(lastApplied) } : {},
  },
  spec: specOf({ server: { replicas: 2, logLevel: "debug" } }),
});

test("what the operator wrote is nobody's wish: the spec reads as if it were not there", () => {
  const { spec, defaultReplicas } = withoutDefaultReplicas(resource([defaultsManager], { spec: { server: {} } }));
  expect(defaultReplicas).toBe(2);
  expect(spec.server).not.toHaveProperty("replicas");
  expect(spec.server.logLevel).toBe("debug");
});

test.each([
  ["somebody set", resource(["kubectl-scale"])],
  ["somebody wants as well", resource([defaultsManager, "argocd"])],
  [
    "somebody applied with the value that was there",
    resource([defaultsManager], { spec: { server: { replicas: 2 } } }),
  ],
  ["nobody is known to have set", resource([])],
])("what %s stands", (_what, object) => {
  const { spec, defaultReplicas } = withoutDefaultReplicas(object);
  expect(spec.server.replicas).toBe(2);
  expect(defaultReplicas).toBeUndefined();
});
