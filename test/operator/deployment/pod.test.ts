import { describe, expect, test } from "vitest";
import { bridgeStatefulSet } from "../../../operator/deployment/desired/bridge-stateful-set.ts";
import { serverDeployment } from "../../../operator/deployment/desired/server-deployment.ts";
import { blueprint, specOf } from "./support/blueprint.ts";

type Variable = { readonly name: string; readonly value?: string; readonly valueFrom?: object };
type Pod = { readonly securityContext: object; readonly containers: readonly { readonly env: readonly Variable[] }[] };

function podsOf(spec: object): { readonly server: Pod; readonly bridge: Pod } {
  const from = blueprint(specOf(spec));
  const podOf = ({ object }: ReturnType<typeof serverDeployment>) =>
    (object.spec as { template: { spec: Pod } }).template.spec;
  return { server: podOf(serverDeployment(from)), bridge: podOf(bridgeStatefulSet(from)) };
}

const variablesOf = ({ containers }: Pod, ...names: string[]) =>
  containers[0]?.env.filter(({ name }) => names.includes(name));

describe("user and group", () => {
  test("are those of the image", () => {
    for (const pod of Object.values(podsOf({}))) {
      expect(pod.securityContext).toMatchObject({ runAsUser: 1001, runAsGroup: 1001, fsGroup: 1001 });
    }
  });

  test("are left to the platform where it gives them out, which keeps root out all the same", () => {
    for (const pod of Object.values(podsOf({ podSecurity: { userIds: "Platform" } }))) {
      expect(pod.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    }
  });
});

describe("variables", () => {
  test("of a proxy reach both programs, and what is inside the cluster is called directly", () => {
    const proxy = { httpsProxy: "http://proxy.test:3128", noProxy: ["10.0.0.0/8"] };
    for (const pod of Object.values(podsOf({ proxy }))) {
      expect(variablesOf(pod, "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")).toEqual([
        { name: "HTTPS_PROXY", value: "http://proxy.test:3128" },
        { name: "NO_PROXY", value: "localhost,127.0.0.1,::1,.svc,.cluster.local,10.0.0.0/8" },
      ]);
    }
  });

  test("are none of a proxy that is not named", () => {
    expect(variablesOf(podsOf({ proxy: {} }).bridge, "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")).toEqual([]);
  });

  test("of the resource reach the program that they are for, as they were written", () => {
    const valueFrom = { secretKeyRef: { name: "ca", key: "bundle" } };
    const { server, bridge } = podsOf({
      server: { env: [{ name: "A", value: "b" }, { name: "C", valueFrom }, { name: "D" }] },
    });
    expect(variablesOf(server, "A", "C", "D")).toEqual([
      { name: "A", value: "b" },
      { name: "C", valueFrom },
      { name: "D", value: "" },
    ]);
    expect(variablesOf(bridge, "A", "C", "D")).toEqual([]);
  });

  test("stand once each, whatever is asked for", () => {
    for (const { containers } of Object.values(podsOf({ proxy: { httpProxy: "http://proxy.test" } }))) {
      const names = containers[0]?.env.map(({ name }) => name) ?? [];
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

test("a wish for new pods reaches both programs, and without one no pod is another than before", () => {
  const annotationsOf = (restartedAt: string | undefined) =>
    [serverDeployment, bridgeStatefulSet].map((child) => {
      const { spec } = child({ ...blueprint(specOf()), restartedAt }).object;
      const { metadata } = (spec as { template: { metadata: { annotations?: object } } }).template;
      return metadata.annotations && Object.keys(metadata.annotations);
    });
  expect(annotationsOf(undefined)).toEqual([undefined, undefined]);
  const restarted = ["cctelegram.io/restartedAt"];
  expect(annotationsOf("2026-01-01T00:00:00Z")).toEqual([restarted, restarted]);
});
