import { ports } from "../../../contract/ports.ts";
import type { DeploymentSpec } from "../../api/spec.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { backendPort, type Exposure, exposureOf } from "../exposure/exposure.ts";
import { type Component, fieldManager, namesOf, selectorLabels } from "../names.ts";
import { networkPolicies } from "../resource-types.ts";
import { anyAddress, insideAddresses, outsideAddresses } from "./addresses.ts";
import { storeEgress } from "./backup-store.ts";
import { issuerEgress } from "./oauth.ts";
import { webhookOf } from "./webhook.ts";

type Peer = object;

export const tcp = (port: number) => ({ port, protocol: "TCP" });
const udp = (port: number) => ({ port, protocol: "UDP" });

const podsOf = (resource: string, component: Component) => ({
  podSelector: { matchLabels: selectorLabels(resource, component) },
});

/** Pods of that name in any namespace, so that a resource's policies do not depend on where others run. */
const podsNamed = (name: string) => ({
  namespaceSelector: {},
  podSelector: { matchLabels: { "app.kubernetes.io/name": name } },
});

const operator = podsNamed(fieldManager);

/** Clients of this namespace, the operator (not to the second port) and declared peers may connect; the server may connect to the bridge, and to the issuer of access tokens. */
export function serverNetworkPolicy(blueprint: Blueprint): Child {
  const { networkPolicy, server } = blueprint.spec;
  const declared = declaredPeers(networkPolicy.ingressFrom);
  return networkPolicyOf(blueprint, namesOf(blueprint.name).server, "mcp-server", {
    ingress: [
      { from: [{ podSelector: {} }, operator, ...declared], ports: [tcp(ports.mcp)] },
      metrics(blueprint, blueprint.spec.rollout.analysis?.metrics === undefined ? [] : [operator]),
      ...fromOutside(blueprint),
      ...(server.secondPort === undefined
        ? []
        : [{ from: [{ podSelector: {} }, ...declared], ports: [tcp(server.secondPort)] }]),
      ...toDashboard(blueprint),
    ],
    egress: [
      dns(networkPolicy),
      { to: [podsOf(blueprint.name, "bridge")], ports: [tcp(ports.bridge)] },
      ...issuerEgress(blueprint),
      ...declaredEgress(networkPolicy),
    ],
  });
}

/** Named peers alone may open the dashboard. A rule without any would let everybody in. */
function toDashboard({ dashboard, spec }: Blueprint) {
  const from = declaredPeers(spec.monitoring.dashboard.ingressFrom);
  return dashboard === undefined || from.length === 0 ? [] : [{ from, ports: [tcp(ports.dashboard)] }];
}

/**
 * Only the proxy in front may reach the port on which X-Forwarded-For is trusted, not the pods of the namespace, not even the
 * operator. The port for callers without a proxy is open for the author's source ranges, and for the operator, which probes it.
 */
function fromOutside({ name, spec }: Blueprint) {
  const exposure = exposureOf(name, spec);
  if (!exposure || exposure.backend === "http") return [];
  const { loadBalancerSourceRanges = [] } = spec.exposure;
  const from =
    exposure.backend === "external"
      ? [...loadBalancerSourceRanges.map((cidr) => ({ ipBlock: { cidr } })), operator]
      : proxies(exposure);
  return [{ from, ports: [tcp(backendPort(exposure))] }];
}

const proxies = ({ from }: Exposure): Peer[] =>
  from.map(({ cidr, ...selectors }) => (cidr === undefined ? peerOf(selectors) : { ipBlock: { cidr } }));

/** Of the bridge the proxy in front reaches only the port for Telegram's calls. */
function fromTelegram(blueprint: Blueprint) {
  const webhook = webhookOf(blueprint);
  return webhook ? [{ from: proxies(webhook.exposure), ports: [tcp(ports.updates)] }] : [];
}

/** The server, backups and the operator may connect, and Telegram through the proxy in front; the bridge may connect to the Bot API only. */
export function bridgeNetworkPolicy(blueprint: Blueprint): Child {
  const { networkPolicy } = blueprint.spec;
  return networkPolicyOf(blueprint, namesOf(blueprint.name).bridge, "bridge", {
    ingress: [
      {
        from: [podsOf(blueprint.name, "mcp-server"), operator, backupPods(blueprint.name)],
        ports: [tcp(ports.bridge)],
      },
      metrics(blueprint),
      ...fromTelegram(blueprint),
    ],
    egress: [dns(networkPolicy), botApi(blueprint), ...restoreEgress(blueprint), ...declaredEgress(networkPolicy)],
  });
}

const backupPods = (resource: string) => ({ podSelector: { matchLabels: selectorLabels(resource, "backup") } });

const restoreEgress = ({ restore }: Blueprint) => (restore === undefined ? [] : storeEgress(restore.target));

const metrics = ({ spec }: Blueprint, further: readonly Peer[] = []) => ({
  from: [podsNamed("prometheus"), ...further, ...declaredPeers(spec.monitoring.ingressFrom)],
  ports: [tcp(ports.metrics)],
});

/** DNS servers are pods, or listen on addresses of nodes and Services; one on the Internet could be used to send data out. */
export const dns = ({ dnsPorts }: DeploymentSpec["networkPolicy"]) => ({
  to: [{ namespaceSelector: {} }, ...insideAddresses],
  ports: dnsPorts.flatMap((port) => [udp(port), tcp(port)]),
});

/**
 * The author's URL opens connections to public addresses only. Only the administrator's own setting
 * may open them inside the cluster.
 */
function botApi({ spec, telegramApiUrl }: Blueprint) {
  const url = new URL(telegramApiUrl ?? "https://api.telegram.org");
  const port = Number(url.port) || (url.protocol === "http:" ? 80 : 443);
  const isAdministrators = telegramApiUrl !== undefined && spec.telegram.apiUrl === undefined;
  return {
    to: isAdministrators ? [{ namespaceSelector: {} }, ...anyAddress] : outsideAddresses,
    ports: [tcp(port)],
  };
}

export const declaredEgress = ({ egressTo }: DeploymentSpec["networkPolicy"]) =>
  egressTo.map(({ cidr, ports, ...selectors }) => ({
    to: [cidr === undefined ? peerOf(selectors) : { ipBlock: { cidr } }],
    ports: ports.map(tcp),
  }));

type DeclaredPeer = DeploymentSpec["networkPolicy"]["ingressFrom"][number];

/** Leaves out a peer that allows everybody, from before the CRD refused it. */
const declaredPeers = (peers: readonly DeclaredPeer[]): Peer[] =>
  peers.filter((peer) => !isEverybody(peer)).map(peerOf);

const isEverybody = ({ namespaceSelector, podSelector }: DeclaredPeer) =>
  namespaceSelector !== undefined && isEmpty(namespaceSelector) && (podSelector === undefined || isEmpty(podSelector));

const peerOf = ({ namespaceSelector, podSelector }: DeclaredPeer): Peer => ({
  ...(namespaceSelector ? { namespaceSelector: matching(namespaceSelector) } : {}),
  ...(podSelector || !namespaceSelector ? { podSelector: matching(podSelector ?? {}) } : {}),
});

type Selector = { readonly matchLabels?: Readonly<Record<string, string>> | undefined };

const isEmpty = ({ matchLabels = {} }: Selector) => Object.keys(matchLabels).length === 0;

const matching = (selector: Selector) => (isEmpty(selector) ? {} : { matchLabels: selector.matchLabels });

function networkPolicyOf(blueprint: Blueprint, name: string, component: Component, spec: object): Child {
  return child(networkPolicies, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadataOf(blueprint, name, component),
    spec: { ...podsOf(blueprint.name, component), policyTypes: ["Ingress", "Egress"], ...spec },
  });
}
