import { ports } from "../../../contract/ports.ts";
import { routes } from "../../../contract/routes.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { backendPort, type Exposure, exposureOf } from "../exposure/exposure.ts";
import { namesOf, selectorLabels } from "../names.ts";
import { httpRoutes, ingresses, services } from "../resource-types.ts";
import { trackLabels } from "../rollout/tracks.ts";
import { nginxAnnotations } from "./ingress-nginx.ts";
import { webhookOf } from "./webhook.ts";

/** The objects of the exposure. */
export function exposureChildren(blueprint: Blueprint): Child[] {
  const exposure = exposureOf(blueprint.name, blueprint.spec);
  switch (exposure?.mode) {
    case "Ingress":
      return serverIngresses(blueprint, exposure);
    case "HTTPRoute":
      return blueprint.hasHttpRoute ? [serverRoute(blueprint, exposure)] : [];
    case "LoadBalancer":
      return [externalService(blueprint, exposure)];
    default:
      return [];
  }
}

/** A path for clients. Only exactly /health: what is below it is for probes, and for people inside the cluster. */
type Path = { readonly path: string; readonly pathType: "Exact" | "Prefix"; readonly to?: Target };

/** A Service and its port; by default the server's. */
type Target = { readonly name: string; readonly port: number };

const mcp: Path = { path: routes.mcp, pathType: "Prefix" };
const rest: readonly Path[] = [
  { path: routes.tools, pathType: "Prefix" },
  { path: routes.resources, pathType: "Prefix" },
  { path: routes.approvals, pathType: "Prefix" },
  { path: routes.openApi, pathType: "Exact" },
  { path: routes.docs, pathType: "Exact" },
];
const health: Path = { path: routes.health, pathType: "Exact" };

/** Where clients without a token look for the login. */
const login = ({ spec }: Blueprint): readonly Path[] =>
  spec.server.auth.oauth === undefined ? [] : [{ path: routes.protectedResource, pathType: "Prefix" }];

/** Telegram's calls lead to the bridge, to a port that has nothing else. */
const telegram = (blueprint: Blueprint): readonly Path[] =>
  webhookOf(blueprint) === undefined
    ? []
    : [
        {
          path: routes.telegramUpdates,
          pathType: "Exact",
          to: { name: namesOf(blueprint.name).bridge, port: ports.updates },
        },
      ];

/** The guides limit REST only, and annotations apply to a whole Ingress, so ingress-nginx gets a second one. */
function serverIngresses(blueprint: Blueprint, exposure: Exposure): Child[] {
  const names = namesOf(blueprint.name);
  if (!exposure.isIngressNginx) {
    return [
      ingress(blueprint, exposure, {
        name: names.server,
        paths: [mcp, ...rest, health, ...login(blueprint), ...telegram(blueprint)],
        annotations: issuerOf(blueprint),
      }),
    ];
  }
  const { streams, calls } = nginxAnnotations(exposure);
  return [
    // cert-manager creates a certificate for each Ingress with its annotation, so only one has it.
    ingress(blueprint, exposure, {
      name: names.server,
      // Telegram may call often: without the limit of REST.
      paths: [mcp, health, ...login(blueprint), ...telegram(blueprint)],
      annotations: { ...streams, ...issuerOf(blueprint) },
    }),
    ingress(blueprint, exposure, { name: names.tools, paths: rest, annotations: calls }),
  ];
}

function issuerOf({ spec }: Blueprint): Record<string, string> {
  const { issuer, clusterIssuer } = spec.exposure.tls ?? {};
  return {
    ...(issuer === undefined ? {} : { "cert-manager.io/issuer": issuer }),
    ...(clusterIssuer === undefined ? {} : { "cert-manager.io/cluster-issuer": clusterIssuer }),
  };
}

type Part = {
  readonly name: string;
  readonly paths: readonly Path[];
  readonly annotations: Readonly<Record<string, string>>;
};

function ingress(blueprint: Blueprint, exposure: Exposure, { name, paths, annotations }: Part): Child {
  const { ingressClassName } = blueprint.spec.exposure;
  const { host, basePath, tlsSecret } = exposure;
  const server = { name: namesOf(blueprint.name).server, port: backendPort(exposure) };
  const backend = ({ name, port }: Target) => ({ service: { name, port: { number: port } } });
  const certificate = tlsSecret === undefined ? {} : { secretName: tlsSecret };
  return child(ingresses, {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: exposedMetadata(blueprint, name, annotations),
    spec: {
      ...(ingressClassName === undefined ? {} : { ingressClassName }),
      ...(exposure.scheme === "https" ? { tls: [{ hosts: [host], ...certificate }] } : {}),
      rules: [
        {
          host,
          http: {
            paths: paths.map(({ path, pathType, to = server }) => ({
              path: `${basePath}${path}`,
              pathType,
              backend: backend(to),
            })),
          },
        },
      ],
    },
  });
}

/** With the CRD's defaults: its lists are atomic, so they are compared as a whole. */
function serverRoute(blueprint: Blueprint, exposure: Exposure): Child {
  const { parentRefs = [] } = blueprint.spec.exposure;
  const server = { name: namesOf(blueprint.name).server, port: backendPort(exposure) };
  const rule = (paths: readonly Path[], seconds: number) => ({
    matches: paths.map(({ path, pathType }) => ({
      path: { type: pathType === "Prefix" ? "PathPrefix" : "Exact", value: `${exposure.basePath}${path}` },
    })),
    backendRefs: [{ group: "", kind: "Service", ...(paths[0]?.to ?? server), weight: 1 }],
    ...(seconds === 0 ? {} : { timeouts: { request: `${seconds}s` } }),
  });
  const { requestTimeoutSeconds: seconds } = exposure;
  return child(httpRoutes, {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: exposedMetadata(blueprint, namesOf(blueprint.name).server),
    spec: {
      parentRefs: parentRefs.map((parent) => ({ group: "gateway.networking.k8s.io", kind: "Gateway", ...parent })),
      hostnames: [exposure.host],
      rules: [
        rule([mcp], seconds),
        rule(rest, Math.min(seconds, 60)),
        rule([health, ...login(blueprint)], Math.min(seconds, 10)),
        ...telegram(blueprint).map((path) => rule([path], Math.min(seconds, 60))),
      ],
    },
  });
}

/** Local: nodes do not replace the client's address by their own. */
function externalService(blueprint: Blueprint, { port }: Exposure): Child {
  const { loadBalancerClass, loadBalancerSourceRanges } = blueprint.spec.exposure;
  return child(services, {
    apiVersion: "v1",
    kind: "Service",
    metadata: exposedMetadata(blueprint, namesOf(blueprint.name).external),
    spec: {
      type: "LoadBalancer",
      selector: { ...selectorLabels(blueprint.name, "mcp-server"), ...trackLabels(blueprint.rollout?.track) },
      ports: [{ name: "external", port, targetPort: "external", protocol: "TCP" }],
      externalTrafficPolicy: "Local",
      ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
      loadBalancerSourceRanges,
    },
  });
}

/** The author's labels and annotations override ours, except those that identify the object and its owner. */
function exposedMetadata(blueprint: Blueprint, name: string, annotations: Readonly<Record<string, string>> = {}) {
  const metadata = metadataOf(blueprint, name, "mcp-server");
  const { labels = {}, annotations: own = {} } = blueprint.spec.exposure;
  return {
    ...metadata,
    labels: { ...labels, ...metadata.labels },
    annotations: { ...annotations, ...own, ...metadata.annotations },
  };
}
