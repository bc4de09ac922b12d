import { ports } from "../../../contract/ports.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { exposureOf } from "../exposure/exposure.ts";
import { type Component, namesOf, selectorLabels } from "../names.ts";
import { serviceAccounts, services } from "../resource-types.ts";
import { previewOf, trackLabels } from "../rollout/tracks.ts";
import { dashboardPorts } from "./dashboard.ts";
import { updatesPorts } from "./webhook.ts";

const port = (name: string, number: number) => ({ name, port: number, targetPort: name, protocol: "TCP" });

export function serverService(blueprint: Blueprint): Child {
  const { secondPort } = blueprint.spec.server;
  return service(blueprint, namesOf(blueprint.name).server, "mcp-server", {
    ports: [
      port("http", ports.mcp),
      ...(isProxied(blueprint) ? [port("proxied", ports.proxied)] : []),
      port("metrics", ports.metrics),
      ...(secondPort === undefined ? [] : [port("second", secondPort)]),
    ],
  });
}

/** Leads to the servers that are tried, and to nothing but MCP and REST. */
export function previewServices(blueprint: Blueprint): Child[] {
  const { rollout, name } = blueprint;
  const tried = rollout?.isPreviewed ? rollout.servers[1] : undefined;
  if (tried === undefined) return [];
  const selector = { ...selectorLabels(name, "mcp-server"), ...trackLabels(tried.track) };
  return [service(blueprint, previewOf(name), "mcp-server", { selector, ports: [port("http", ports.mcp)] })];
}

/** A Service of its own, so that whoever may reach the one of the server does not get the dashboard along. */
export function dashboardServices(blueprint: Blueprint): Child[] {
  const ports = dashboardPorts(blueprint, port);
  return ports.length === 0 ? [] : [service(blueprint, namesOf(blueprint.name).dashboard, "mcp-server", { ports })];
}

const isProxied = ({ name, spec }: Blueprint) => exposureOf(name, spec)?.backend === "proxied";

/** Not-ready pods are published: while Telegram is down the bridge is not ready, but still accepts events. */
export const bridgeService = (blueprint: Blueprint) =>
  service(blueprint, namesOf(blueprint.name).bridge, "bridge", {
    ports: [port("http", ports.bridge), ...updatesPorts(blueprint, port), port("metrics", ports.metrics)],
    publishNotReadyAddresses: true,
  });

export const serverServiceAccount = (blueprint: Blueprint) =>
  serviceAccount(blueprint, namesOf(blueprint.name).server, "mcp-server");

export const bridgeServiceAccount = (blueprint: Blueprint) =>
  serviceAccount(blueprint, namesOf(blueprint.name).bridge, "bridge");

function service(blueprint: Blueprint, name: string, component: Component, spec: object): Child {
  return child(services, {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(blueprint, name, component),
    spec: {
      type: "ClusterIP",
      selector: {
        ...selectorLabels(blueprint.name, component),
        ...trackLabels(component === "mcp-server" ? blueprint.rollout?.track : undefined),
      },
      ...spec,
    },
  });
}

function serviceAccount(blueprint: Blueprint, name: string, component: Component): Child {
  return child(serviceAccounts, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadataOf(blueprint, name, component),
    automountServiceAccountToken: false,
  });
}
