import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { childrenOf } from "../../../operator/deployment/desired/children.ts";
import { serverNetworkPolicy } from "../../../operator/deployment/desired/network-policies.ts";
import { serverDeployment } from "../../../operator/deployment/desired/server-deployment.ts";
import { serverService } from "../../../operator/deployment/desired/services.ts";
import { arbitraryBlueprint, blueprint, specOf } from "./support/blueprint.ts";

type Container = { readonly ports: readonly { readonly name: string; readonly containerPort: number }[] };
type Workload = { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
type Service = {
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[];
};
type Policy = { readonly ingress: readonly { readonly from: readonly object[]; readonly ports: readonly object[] }[] };

const ingress = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "proxies" } } };
const withPort = specOf({ server: { secondPort: 3000 }, networkPolicy: { ingressFrom: [ingress] } });

const containerPorts = (from: ReturnType<typeof blueprint>) =>
  (serverDeployment(from).object.spec as Workload).template.spec.containers[0]?.ports ?? [];
const servicePorts = (from: ReturnType<typeof blueprint>) => (serverService(from).object.spec as Service).ports;

describe("the second port", () => {
  test("is one of the pods and of the Service", () => {
    expect(containerPorts(blueprint(withPort))).toContainEqual({
      name: "second",
      containerPort: 3000,
      protocol: "TCP",
    });
    const port = { name: "second", port: 3000, targetPort: "second", protocol: "TCP" };
    expect(servicePorts(blueprint(withPort))).toContainEqual(port);
  });

  test("is open for the clients of the namespace and declared peers, and not for the operator", () => {
    const { ingress: rules } = serverNetworkPolicy(blueprint(withPort)).object.spec as Policy;
    const from = [{ podSelector: {} }, ingress];
    expect(rules).toContainEqual({ from, ports: [{ port: 3000, protocol: "TCP" }] });
  });

  test("is nowhere when it is not asked for", () => {
    const text = JSON.stringify(childrenOf(blueprint(specOf())));
    expect(text).toContain('"containerPort":8080');
    expect(text).not.toMatch(/"second"|MCP_SECOND_PORT/);
  });
});

test("no two ports of a pod, or of its Service, have the same name or number, whatever the spec says", () => {
  fc.assert(
    fc.property(arbitraryBlueprint, (blueprint) => {
      const pod = containerPorts(blueprint);
      const service = servicePorts(blueprint);
      for (const values of [pod.map(({ name }) => name), service.map(({ name }) => name)]) {
        expect(new Set(values).size).toBe(values.length);
      }
      for (const numbers of [pod.map(({ containerPort }) => containerPort), service.map(({ port }) => port)]) {
        expect(new Set(numbers).size).toBe(numbers.length);
      }
      expect(pod.map(({ name }) => name)).toEqual(expect.arrayContaining(service.map(({ targetPort }) => targetPort)));
    }),
  );
});
