import * as types from "../../../../operator/deployment/resource-types.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { apiVersionOf, type ResourceType } from "../../../../operator/runtime/resource-type.ts";

const backend = { name: "team-mcp-server", port: 8080 };

/** A way in of each kind as an honest operator makes it. */
export const waysIn = {
  Ingress: {
    type: types.ingresses,
    name: "team-mcp-server",
    spec: {
      rules: [
        {
          host: "mcp.example.com",
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: backend.name, port: { number: backend.port } } },
              },
            ],
          },
        },
      ],
    },
  },
  HTTPRoute: {
    type: types.httpRoutes,
    name: "team-mcp-server",
    spec: { parentRefs: [{ name: "web" }], hostnames: ["mcp.example.com"], rules: [{ backendRefs: [backend] }] },
  },
  LoadBalancer: {
    type: types.services,
    name: "team-mcp-external",
    spec: {
      type: "LoadBalancer",
      loadBalancerSourceRanges: ["203.0.113.0/24"],
      selector: { "app.kubernetes.io/component": "mcp-server" },
      ports: [{ port: 80 }],
    },
  },
} as const;

export type WayIn = { readonly type: ResourceType; readonly name: string; readonly spec: object };

/** Applies it as the operator does, owned by the resource, so that only what it opens can be the reason to refuse it. */
export function applyAs(client: Client, owner: KubernetesObject, { type, name, spec }: WayIn) {
  const { namespace, uid = "" } = owner.metadata;
  const reference = { kind: "CCTelegramDeployment", name: owner.metadata.name ?? "", uid, controller: true };
  const object = {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: {
      name,
      namespace,
      labels: { "app.kubernetes.io/managed-by": "cctelegram-operator" },
      ownerReferences: [{ apiVersion: apiVersionOf(types.cctelegramDeployments), ...reference }],
    },
    spec,
  };
  return client.apply(type, object as KubernetesObject, { fieldManager: "cctelegram-operator" });
}
