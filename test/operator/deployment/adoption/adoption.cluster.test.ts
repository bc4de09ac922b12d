import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashedKey } from "../../../../contract/api-key.ts";
import * as types from "../../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { running } from "../support/kubelet.ts";
import {
  changeSpec,
  collectionTimeout,
  conditionOf,
  createResource,
  createToken,
  eventually,
  exists,
  readResource,
  untilCondition,
  untilSettled,
} from "../support/steps.ts";
import { World } from "../support/world.ts";
import { handMadeInstallation, importedKey as key } from "./hand-made.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("adoption");
  world.kubelet.start();
  await createToken(world);
  for (const [type, object] of handMadeInstallation()) await world.post(type, object);
  await world.startOperator();
});
afterAll(() => world.dispose());

const isServer = (pod: KubernetesObject) => pod.metadata.labels?.["app.kubernetes.io/component"] === "mcp-server";

const adoption = {
  apiKeys: { name: "cctelegram-secrets" },
  services: [{ name: "cctelegram-mcp-service", port: 8080 }],
};

const telegram = { botTokenSecretRef: { name: "cctelegram-secrets", key: "TELEGRAM_BOT_TOKEN" }, allowedUsers: [1] };

type Service = KubernetesObject & {
  readonly spec: { readonly selector: object; readonly ports: readonly object[]; readonly sessionAffinity: string };
};

const service = () => world.get<Service>(types.services, "cctelegram-mcp-service");

const acceptedKeys = async (name: string) => {
  const { data } = await world.get<{ data: Record<string, string> }>(types.secrets, `${name}-api-keys`);
  return JSON.parse(Buffer.from(data["api-keys.json"] ?? "", "base64").toString());
};

describe("an installation that was made by hand", () => {
  test("goes on beside the resource until its Service is handed over, and a condition says by which word", async () => {
    const before = await service();
    await world.kubelet.report((pod) => (isServer(pod) ? { phase: "Pending" } : running(pod)));
    await createResource(world, "team", { telegram, adoption });
    await untilCondition(world, "team", "Adopted", { status: "False", reason: "ServersNotReady" });
    await world.kubelet.report(running);
    await untilSettled(world, "team");
    expect((await acceptedKeys("team"))[hashedKey(key)]).toEqual({
      name: "claude-production",
      permissions: ["send_telegram_event"],
      enabled: true,
    });
    const told = await untilCondition(world, "team", "Adopted", { status: "False", reason: "NotHandedOver" });
    expect(conditionOf(told, "Adopted")?.message).toContain(
      `kubectl -n ${world.namespace} annotate service cctelegram-mcp-service cctelegram.io/adopt=team`,
    );
    expect((await service()).spec).toEqual(before.spec);
    // Nothing is wrong with the resource meanwhile.
    expect(conditionOf(told, "Degraded")).toMatchObject({ status: "False" });
  });

  test("is left by the word: its Service leads to the servers in one write, and the rest of it stays", async () => {
    await world.patch(types.services, "cctelegram-mcp-service", {
      metadata: { annotations: { "cctelegram.io/adopt": "team" } },
    });
    await untilCondition(world, "team", "Adopted", { status: "True", reason: "TakenOver" }, 70_000);
    await eventually(async () => {
      const { metadata, spec } = await service();
      expect(metadata.ownerReferences).toMatchObject([{ name: "team", controller: true }]);
      expect(spec.selector).toEqual({
        "app.kubernetes.io/name": "cctelegram",
        "app.kubernetes.io/instance": "team",
        "app.kubernetes.io/component": "mcp-server",
      });
      expect(spec).toMatchObject({
        sessionAffinity: "ClientIP",
        ports: [
          { name: "http", port: 8080, targetPort: "http" },
          { name: "metrics", port: 9090, targetPort: 9090 },
        ],
      });
    });
    // The operator stops nothing that it has not made.
    const former = await world.get<{ spec: { replicas: number } }>(types.deployments, "cctelegram-mcp-server");
    expect(former.spec.replicas).toBe(1);
  });

  test("whose Service leads to the resource keeps it through an outage of the servers", async () => {
    await world.kubelet.report((pod) => (isServer(pod) ? { phase: "Pending" } : running(pod)));
    await changeSpec(world, "team", { server: { logLevel: "warn" } });
    await untilCondition(world, "team", "Progressing", { status: "True" });
    expect((await service()).metadata.ownerReferences).toMatchObject([{ name: "team" }]);
    await world.kubelet.report(running);
    await untilSettled(world, "team");
  });

  test("whose keys are taken away is told about, and they are refused", async () => {
    await world.patch(types.secrets, "cctelegram-secrets", { data: { MCP_API_KEYS: null } });
    await untilCondition(world, "team", "Adopted", { status: "False", reason: "KeysNotImported" });
    await eventually(async () => expect(await acceptedKeys("team")).not.toHaveProperty(hashedKey(key)));
  });

  test("leaves everything but the Service when the resource is deleted", async () => {
    await world.delete(types.cctelegramDeployments, "team");
    await eventually(async () => {
      expect(await exists(world, types.services, "cctelegram-mcp-service")).toBe(false);
    }, collectionTimeout);
    expect(await exists(world, types.deployments, "cctelegram-mcp-server")).toBe(true);
    expect(await exists(world, types.secrets, "cctelegram-secrets")).toBe(true);
  });
});

test("a Deployment that is handed over but has another selector is not taken, and the message says what to do", async () => {
  await world.patch(types.deployments, "cctelegram-mcp-server", {
    metadata: { annotations: { "cctelegram.io/adopt": "cctelegram" } },
  });
  await createResource(world, "cctelegram");
  await eventually(async () => {
    const degraded = conditionOf(await readResource(world, "cctelegram"), "Degraded");
    expect(degraded).toMatchObject({ status: "True", reason: "ChildRefused" });
    expect(degraded?.message).toMatch(
      /cctelegram-mcp-server was handed over to cctelegram, but its selector cannot be changed/,
    );
  });
  const { metadata } = await world.get(types.deployments, "cctelegram-mcp-server");
  expect(metadata.ownerReferences).toBeUndefined();
});
