import * as types from "../../../operator/deployment/resource-types.ts";
import type { ResourceType } from "../../../operator/runtime/resource-type.ts";
import { disturbedClient } from "../../operator/deployment/support/disturbed-client.ts";
import { createResource, createToken, eventually } from "../../operator/deployment/support/steps.ts";
import type { World } from "../../operator/deployment/support/world.ts";
import { types as builtIn } from "../../operator/runtime/samples.ts";
import type { State } from "./states.ts";
import { until } from "./steps.ts";

const core = (plural: string, kind: string): ResourceType => ({
  group: "",
  version: "v1",
  plural,
  kind,
  namespaced: true,
});
const quotas = core("resourcequotas", "ResourceQuota");
const limits = core("limitranges", "LimitRange");

const stalled = { argo: "Degraded", kstatus: "Failed" } as const;

/** Prepares the cluster, starts the operator, creates the resource and waits for the problem. */
const held =
  (reason: string, prepare: (world: World) => Promise<unknown>, spec: object = {}) =>
  async (world: World) => {
    world.kubelet.start();
    await prepare(world);
    await world.startOperator();
    await createResource(world, "team", spec);
    await until(world, "Stalled", { status: "True", reason });
  };

async function quota(world: World, hard: Record<string, string>): Promise<void> {
  await createToken(world);
  await world.post(quotas, { metadata: { name: "small" }, spec: { hard } });
  await eventually(async () => (await world.get<{ status: { hard: object } }>(quotas, "small")).status.hard);
}

/** States in which the API server or the administrator refuse something. */
export const apiStates: readonly State[] = [
  {
    name: "bot_token_secret_not_found",
    ready: "BotTokenSecretNotFound",
    ...stalled,
    bringAbout: held("BotTokenSecretNotFound", async () => undefined),
  },
  {
    name: "bot_token_key_not_found",
    ready: "BotTokenKeyNotFound",
    ...stalled,
    bringAbout: held("BotTokenKeyNotFound", (world) => createToken(world, { "bot-token": "123456789:AAExample" })),
  },
  {
    name: "secret_not_found",
    ready: "SecretNotFound",
    ...stalled,
    bringAbout: held("SecretNotFound", createToken, {
      bridge: { env: [{ name: "REGION", valueFrom: { secretKeyRef: { name: "extras", key: "region" } } }] },
    }),
  },
  {
    name: "not_allowed",
    ready: "NotAllowed",
    ...stalled,
    bringAbout: held(
      "NotAllowed",
      async (world) => {
        world.settings = { ...world.settings, allowedImages: ["registry.example.com/"] };
        await createToken(world);
      },
      { images: { server: "docker.io/somebody/server:1" } },
    ),
  },
  {
    name: "child_refused",
    ready: "ChildRefused",
    ...stalled,
    bringAbout: held("ChildRefused", async (world) => {
      await createToken(world);
      // An object that the resource does not own has the name of a child.
      await world.post(builtIn.serviceAccount, { metadata: { name: "team-bridge" } });
    }),
  },
  {
    name: "quota_exceeded",
    ready: "QuotaExceeded",
    ...stalled,
    bringAbout: held("QuotaExceeded", (world) => quota(world, { "count/pods": "0" })),
  },
  {
    name: "pod_creation_failed",
    ready: "PodCreationFailed",
    ...stalled,
    bringAbout: held("PodCreationFailed", async (world) => {
      await createToken(world);
      const tiny = { type: "Container", max: { memory: "1Mi" }, defaultRequest: { memory: "1Mi" } };
      await world.post(limits, { metadata: { name: "tiny" }, spec: { limits: [tiny] } });
    }),
  },
  {
    name: "apply_failed",
    ready: "ApplyFailed",
    argo: "Progressing",
    kstatus: "InProgress",
    bringAbout: async (world) => {
      await createToken(world);
      world.kubelet.start();
      const deployment = `apply ${types.deployments.plural}/team-mcp-server`;
      world.disturb = (client) =>
        disturbedClient(client, (request) => (request === deployment ? "refused" : undefined));
      await world.startOperator();
      await createResource(world, "team");
      await until(world, "Degraded", { status: "True", reason: "ApplyFailed" });
    },
  },
];
