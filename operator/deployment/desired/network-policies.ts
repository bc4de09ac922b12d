import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { type Component, namesOf, ports, selectorLabels } from "../names.ts";
import { networkPolicies } from "../resource-types.ts";

const tcp = (port: number) => ({ port, protocol: "TCP" });
const udp = (port: number) => ({ port, protocol: "UDP" });

const dns = { ports: [udp(53), tcp(53)] };
const metrics = { from: [{ namespaceSelector: {} }], ports: [tcp(ports.metrics)] };
const namespaceNamed = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });
const podsOf = (resource: string, component: Component) => ({
  podSelector: { matchLabels: selectorLabels(resource, component) },
});

/** Clients of this namespace, the operator and declared peers come in; only the bridge is called. */
export function serverNetworkPolicy(blueprint: Blueprint): Child {
  const declared = blueprint.spec.networkPolicy.ingressFrom.map(({ namespaceSelector, podSelector }) => ({
    ...(namespaceSelector ? { namespaceSelector: matching(namespaceSelector) } : {}),
    ...(podSelector || !namespaceSelector ? { podSelector: matching(podSelector ?? { matchLabels: {} }) } : {}),
  }));
  return networkPolicy(blueprint, namesOf(blueprint.name).server, "mcp-server", {
    ingress: [{ from: [{ podSelector: {} }, operator(blueprint), ...declared], ports: [tcp(ports.mcp)] }, metrics],
    egress: [dns, { to: [podsOf(blueprint.name, "bridge")], ports: [tcp(ports.bridge)] }],
  });
}

/** The server and the operator come in; only the Bot API is called. */
export function bridgeNetworkPolicy(blueprint: Blueprint): Child {
  return networkPolicy(blueprint, namesOf(blueprint.name).bridge, "bridge", {
    ingress: [
      { from: [podsOf(blueprint.name, "mcp-server"), operator(blueprint)], ports: [tcp(ports.bridge)] },
      metrics,
    ],
    egress: [dns, { ports: [tcp(telegramPort(blueprint.telegramApiUrl))] }],
  });
}

const operator = ({ operatorNamespace }: Blueprint) => ({ namespaceSelector: namespaceNamed(operatorNamespace) });

const matching = ({ matchLabels }: { matchLabels: Record<string, string> }) =>
  Object.keys(matchLabels).length > 0 ? { matchLabels } : {};

function telegramPort(apiUrl: string | undefined): number {
  const url = new URL(apiUrl ?? "https://api.telegram.org");
  return Number(url.port) || (url.protocol === "http:" ? 80 : 443);
}

function networkPolicy(blueprint: Blueprint, name: string, component: Component, spec: object): Child {
  return child(networkPolicies, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadataOf(blueprint, name, component),
    spec: { ...podsOf(blueprint.name, component), policyTypes: ["Ingress", "Egress"], ...spec },
  });
}
