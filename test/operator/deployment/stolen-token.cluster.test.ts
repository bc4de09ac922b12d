import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { Client } from "../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { leaseType } from "../../../operator/runtime/lease.ts";
import { apiVersionOf, type ResourceType, resourcePath } from "../../../operator/runtime/resource-type.ts";
import { chartAccount, clientWith, tokenOf } from "./support/chart-account.ts";
import { createResource, createToken, untilSettled } from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;
let thief: Client & { close(): void };
let owner: KubernetesObject;

beforeAll(async () => {
  world = await World.create("stolen");
  world.kubelet.start();
  await createToken(world);
  owner = await createResource(world, "team");
  await world.startOperator();
  await untilSettled(world, "team");
  await world.stopOperator();
  thief = clientWith(await tokenOf(world.client, chartAccount), "thief");
});
afterAll(async () => {
  thief.close();
  await world.dispose();
});

const owned = (name: string, extra: object = {}) => ({
  metadata: {
    name,
    labels: { "app.kubernetes.io/managed-by": "cctelegram-operator" },
    ownerReferences: [
      {
        apiVersion: apiVersionOf(types.cctelegramDeployments),
        kind: "CCTelegramDeployment",
        name: "team",
        uid: owner.metadata.uid,
        controller: true,
      },
    ],
    ...extra,
  },
});

/** Applies like the operator, so that only the object's content can be the reason to refuse it. */
const applied = (type: ResourceType, object: object, namespace = world.namespace) => {
  const { metadata, ...content } = object as KubernetesObject;
  const whole = { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { ...metadata, namespace }, ...content };
  return thief.apply(type, whole, { fieldManager: "cctelegram-operator" });
};

const container = { name: "shell", image: "docker.io/example/shell:1", securityContext: {} };
const selector = { matchLabels: { app: "thief" } };
const pod = {
  serviceAccountName: "team-mcp-server",
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true },
  containers: [container],
};
const deployment = (spec: object) => ({
  ...owned("thief-mcp-server"),
  spec: { replicas: 0, selector, template: { metadata: { labels: selector.matchLabels }, spec: { ...pod, ...spec } } },
});
const withSecurity = (securityContext: object) => deployment({ containers: [{ ...container, securityContext }] });

const ingressRule = (service: string) => ({
  host: "mcp.example.com",
  http: {
    paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: service, port: { number: 80 } } } }],
  },
});

type Attempt = readonly [what: string, attempt: () => Promise<unknown>, refusal: RegExp];

/** The API server of the tests refuses all privileged pods (--allow-privileged=false). */
const privileged = /containers have no privileges|privileged: Forbidden/;
const node = /no part in their node's/;
const folders = /mount no folders of their node and no tokens/;
const account = /no other account than those of servers and bridges/;
const outsideOfWork = /nothing in its own namespace and in those of the cluster itself/;
const notItsOwn = /(writes|changes) only what/;

const attempts: readonly Attempt[] = [
  [
    "a Secret that is filled with the token of any account",
    () =>
      applied(types.secrets, {
        ...owned("token", { annotations: { "kubernetes.io/service-account.name": "default" } }),
        type: "kubernetes.io/service-account-token",
      }),
    /only Secrets of type Opaque/,
  ],
  ["a Secret in kube-system", () => applied(types.secrets, owned("a-hmac"), "kube-system"), outsideOfWork],
  ["a Deployment in kube-system", () => applied(types.deployments, deployment({}), "kube-system"), outsideOfWork],
  [
    "a Secret in the operator's namespace",
    () => applied(types.secrets, owned("a-hmac"), chartAccount.namespace),
    outsideOfWork,
  ],
  [
    "the deletion of a Secret of kube-system",
    async () => {
      const path = resourcePath(types.secrets, { namespace: "kube-system" });
      await world.client.request({ method: "POST", path, body: { metadata: { name: "precious" } } });
      try {
        await thief.delete(types.secrets, "kube-system", "precious");
      } finally {
        await world.client.delete(types.secrets, "kube-system", "precious");
      }
    },
    outsideOfWork,
  ],
  ["the deletion of somebody's Secret", () => thief.delete(types.secrets, world.namespace, "telegram"), notItsOwn],
  ["an object that no resource controls", () => applied(types.secrets, { metadata: { name: "nobodys" } }), notItsOwn],
  [
    "an object that another kind controls",
    () =>
      applied(types.secrets, {
        metadata: {
          name: "theirs",
          ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "a", uid: "b", controller: true }],
        },
      }),
    notItsOwn,
  ],
  ["somebody's Secret, by writing a reference into it", () => applied(types.secrets, owned("telegram")), notItsOwn],
  [
    "a pod with another account",
    () => applied(types.deployments, deployment({ serviceAccountName: "admin" })),
    account,
  ],
  [
    "a pod with the account of all pods",
    () => applied(types.deployments, deployment({ serviceAccountName: undefined })),
    account,
  ],
  [
    "a pod with a token of the API",
    () => applied(types.deployments, deployment({ automountServiceAccountToken: true })),
    /no token of the Kubernetes API/,
  ],
  [
    "a pod that says nothing of the token",
    () => applied(types.deployments, deployment({ automountServiceAccountToken: undefined })),
    /no token of the Kubernetes API/,
  ],
  ["a pod in the node's network", () => applied(types.deployments, deployment({ hostNetwork: true })), node],
  ["a pod that sees the node's processes", () => applied(types.deployments, deployment({ hostPID: true })), node],
  ["a pod in the node's IPC", () => applied(types.deployments, deployment({ hostIPC: true })), node],
  [
    "a pod on a port of the node",
    () =>
      applied(
        types.deployments,
        deployment({ containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 80 }] }] }),
      ),
    node,
  ],
  [
    "a folder of the node",
    () => applied(types.deployments, deployment({ volumes: [{ name: "root", hostPath: { path: "/" } }] })),
    folders,
  ],
  [
    "a projected token",
    () =>
      applied(
        types.deployments,
        deployment({
          volumes: [{ name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }],
        }),
      ),
    folders,
  ],
  ["a privileged container", () => applied(types.deployments, withSecurity({ privileged: true })), privileged],
  [
    "a container that may gain privileges",
    () => applied(types.deployments, withSecurity({ allowPrivilegeEscalation: true })),
    privileged,
  ],
  [
    "a container with capabilities",
    () => applied(types.deployments, withSecurity({ capabilities: { add: ["SYS_ADMIN"] } })),
    privileged,
  ],
  [
    "a privileged init container",
    () =>
      applied(
        types.deployments,
        deployment({ initContainers: [{ ...container, name: "init", securityContext: { privileged: true } }] }),
      ),
    privileged,
  ],
  ["a container as root", () => applied(types.deployments, deployment({ securityContext: {} })), /do not run as root/],
  [
    "the same in a StatefulSet",
    () =>
      applied(types.statefulSets, {
        ...deployment({ hostNetwork: true }),
        ...owned("thief-bridge"),
      }),
    node,
  ],
  [
    "an account of another name",
    () => applied(types.serviceAccounts, owned("admin")),
    /only the accounts of servers and bridges/,
  ],
  [
    "a Service that a load balancer opens to the world",
    () => applied(types.services, { ...owned("open"), spec: { type: "LoadBalancer", ports: [{ port: 80 }] } }),
    /no Service to the outside/,
  ],
  [
    "an opened Service that has the right name, but lets everybody in unasked",
    () =>
      applied(types.services, {
        ...owned("thief-mcp-external"),
        spec: {
          type: "LoadBalancer",
          selector: { "app.kubernetes.io/component": "mcp-server" },
          ports: [{ port: 80 }],
        },
      }),
    /no Service to the outside/,
  ],
  [
    "an opened Service for other pods",
    () =>
      applied(types.services, {
        ...owned("thief-mcp-external"),
        spec: {
          type: "LoadBalancer",
          loadBalancerSourceRanges: ["0.0.0.0/0"],
          selector: { app: "database" },
          ports: [{ port: 80 }],
        },
      }),
    /no Service to the outside/,
  ],
  [
    "an Ingress to another Service",
    () => applied(types.ingresses, { ...owned("way-in"), spec: { rules: [ingressRule("database")] } }),
    /Ingresses of the operator may route hosts to MCP servers and to the port of bridges for Telegram's calls only/,
  ],
  [
    "an Ingress to the port of a bridge for servers",
    () => applied(types.ingresses, { ...owned("way-in"), spec: { rules: [ingressRule("thief-bridge")] } }),
    /Ingresses of the operator may route hosts to MCP servers and to the port of bridges for Telegram's calls only/,
  ],
  [
    "an Ingress for every host",
    () => {
      const { http } = ingressRule("thief-mcp-server");
      return applied(types.ingresses, { ...owned("way-in"), spec: { rules: [{ http }] } });
    },
    /Ingresses of the operator may route hosts to MCP servers and to the port of bridges for Telegram's calls only/,
  ],
  [
    "an Ingress that configures its controller",
    () =>
      applied(types.ingresses, {
        ...owned("way-in", { annotations: { "nginx.ingress.kubernetes.io/configuration-snippet": "x" } }),
        spec: { rules: [ingressRule("thief-mcp-server")] },
      }),
    /Ingresses of the operator may route hosts to MCP servers and to the port of bridges for Telegram's calls only/,
  ],
  [
    "a Service that takes over an address",
    () => applied(types.services, { ...owned("take"), spec: { externalIPs: ["192.0.2.1"], ports: [{ port: 80 }] } }),
    /no Service to the outside/,
  ],
  [
    "a Lease of another name",
    () =>
      thief.request({
        method: "POST",
        path: resourcePath(leaseType, { namespace: chartAccount.namespace }),
        body: { metadata: { name: "other" } },
      }),
    /no other Lease than its own/,
  ],
];

describe("with the operator's token nobody gets", () => {
  test.each(attempts)("%s", async (_what, attempt, refusal) => {
    await expect(attempt()).rejects.toThrow(refusal);
  });
});

test("what an honest operator writes is allowed: the refusals above are about what they name", async () => {
  expect(await applied(types.deployments, deployment({}))).toBeDefined();
  expect(await applied(types.secrets, owned("thief-hmac"))).toBeDefined();
  const spec = { rules: [ingressRule("thief-mcp-server")] };
  expect(await applied(types.ingresses, { ...owned("thief-mcp-server"), spec })).toBeDefined();
  const open = {
    type: "LoadBalancer",
    loadBalancerSourceRanges: ["203.0.113.0/24"],
    selector: { "app.kubernetes.io/component": "mcp-server" },
    ports: [{ port: 80 }],
  };
  expect(await applied(types.services, { ...owned("thief-mcp-external"), spec: open })).toBeDefined();
});
