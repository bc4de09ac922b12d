import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../../operator/deployment/resource-types.ts";
import { addressed, type Exposed, expectRest, exposedWorld, nginx, otherClass, said } from "../support/exposure.ts";
import {
  changeSpec,
  collectionTimeout,
  conditionOf,
  createResource,
  environmentOf,
  eventually,
  readResource,
  untilCondition,
  untilReady,
} from "../support/steps.ts";
import type { World } from "../support/world.ts";

let exposed: Exposed;
let world: World;

beforeAll(async () => {
  exposed = await exposedWorld("webhook");
  ({ world } = exposed);
  world.answers.receiving = { mode: "Webhook", receiving: true, other_consumer: false };
});
afterAll(() => world.dispose());

const withSecret = async (name: string, token: string) => {
  await world.post(types.secrets, { metadata: { name }, stringData: { token } });
  return { botTokenSecretRef: { name }, allowedUsers: [1] };
};

const receivingOf = async (name: string) => {
  const { TELEGRAM_UPDATES, TELEGRAM_WEBHOOK_URL, TELEGRAM_WEBHOOK_PORT } = await environmentOf(
    world,
    types.statefulSets,
    `${name}-bridge`,
  );
  return [TELEGRAM_UPDATES, TELEGRAM_WEBHOOK_URL, TELEGRAM_WEBHOOK_PORT];
};

/** The paths that lead to the bridge. */
const led = async (name: string) => {
  const { spec } = (await world.get(types.ingresses, name)) as unknown as {
    spec: {
      rules: { http: { paths: { path: string; pathType: string; backend: { service: { name: string } } }[] } }[];
    };
  };
  return spec.rules.flatMap(({ http }) => http.paths).filter(({ backend }) => backend.service.name.endsWith("-bridge"));
};

const policyPorts = async (name: string) => {
  const { spec } = (await world.get(types.networkPolicies, `${name}-bridge`)) as unknown as {
    spec: { ingress: { ports: { port: number }[] }[] };
  };
  return spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port));
};

const servicePorts = async (name: string) => {
  const { spec } = (await world.get(types.services, `${name}-bridge`)) as unknown as {
    spec: { ports: { port: number }[] };
  };
  return spec.ports.map(({ port }) => port);
};

const untilNextSecond = async (name: string) => {
  const { creationTimestamp = "" } = (await readResource(world, name)).metadata;
  await eventually(() => expect(Date.now()).toBeGreaterThan(Date.parse(creationTimestamp) + 1_000));
};

const way = (name: string) => ({
  path: "/telegram/updates",
  pathType: "Exact",
  backend: { service: { name: `${name}-bridge`, port: { number: 9002 } } },
});

describe("a resource that Telegram calls", () => {
  test("has one path to its bridge, whose pod is told, also before the exposure answers", async () => {
    const telegram = await withSecret("one", "123456789:AAExampleOfOneToken");
    await createResource(world, "web", {
      exposure: { ...nginx, tls: { secretName: "missing" } },
      telegram: { ...telegram, updates: "Webhook" },
    });
    await untilReady(world, "web");
    await untilCondition(world, "web", "Exposed", { status: "False", reason: "CertificateNotFound" });
    await untilCondition(world, "web", "Receiving", { status: "True", reason: "Receives" });
    expect(await receivingOf("web")).toEqual(["Webhook", "https://mcp.example.com/telegram/updates", "9002"]);
    expect(await led("web-mcp-server")).toEqual([way("web")]);
    expect(await led("web-mcp-server-tools")).toEqual([]);
    expect(await policyPorts("web")).toEqual([9001, 9090, 9002]);
    expect(await servicePorts("web")).toEqual([9001, 9002, 9090]);
  });

  test("says what to do when Telegram cannot call, and is ready all the same", async () => {
    const error = "Telegram cannot reach the webhook: SSL error {certificate verify failed}";
    world.answers.receiving = { mode: "Webhook", receiving: false, other_consumer: false, undelivered: true, error };
    await world.restartOperator();
    const failing = await untilCondition(world, "web", "Receiving", { status: "False", reason: "WebhookUnreachable" });
    expect(conditionOf(failing, "Receiving")?.message).toBe(
      `${error}. https://mcp.example.com has to answer Telegram (149.154.160.0/20 and 91.108.4.0/22) with a certificate that everybody trusts: see the condition Exposed, and what the proxy and its firewall refuse. Telegram tries again and keeps what people say for a day. Messages are sent on.`,
    );
    await untilCondition(world, "web", "Ready", { status: "True", reason: "Ready" });
    await untilCondition(world, "web", "Degraded", { status: "True", reason: "WebhookUnreachable" });
    world.answers.receiving = { mode: "Webhook", receiving: true, other_consumer: false };
    await world.restartOperator();
    await untilCondition(world, "web", "Receiving", { status: "True", reason: "Receives" });
  });

  test(
    "gives way and takes over like one that polls: the other's pod has to be gone, and only one has a way from outside",
    async () => {
      const telegram = { botTokenSecretRef: { name: "one" }, allowedUsers: [1] };
      await untilNextSecond("web");
      await createResource(world, "asks", { telegram: { ...telegram, updates: "Polling" } });
      await untilCondition(world, "asks", "Receiving", { status: "False", reason: "BotTokenShared" });
      await untilNextSecond("asks");
      const exposure = { ...otherClass, host: "two.example.com", path: "/two" };
      await createResource(world, "third", { exposure, telegram: { ...telegram, updates: "Webhook" } });
      await untilCondition(world, "third", "Receiving", { status: "False", reason: "BotTokenShared" });
      // The condition is told before the children are there.
      await eventually(async () => expect(await receivingOf("third")).toEqual(["None", undefined, undefined]));
      await eventually(async () => expect(await led("third-mcp-server")).toEqual([]));
      expect(await policyPorts("third")).not.toContain(9002);

      const hold = (pod: string) => world.patch(types.pods, pod, { metadata: { finalizers: ["example.com/ending"] } });
      await hold("web-bridge-0");
      await changeSpec(world, "web", { telegram: { updates: "None" } });
      await untilCondition(world, "asks", "Receiving", { status: "False", reason: "HandOver" });
      await eventually(async () => expect(await receivingOf("web")).toEqual(["None", undefined, undefined]));
      await eventually(async () => expect(await led("web-mcp-server")).toEqual([]));
      expect(await receivingOf("asks")).toEqual(["None", undefined, undefined]);
      await world.patch(types.pods, "web-bridge-0", { metadata: { finalizers: null } });
      await eventually(async () => expect((await receivingOf("asks"))[0]).toBe("Polling"));

      await changeSpec(world, "asks", { telegram: { updates: "None" } });
      const url = "https://two.example.com/two/telegram/updates";
      await eventually(async () => expect(await receivingOf("third")).toEqual(["Webhook", url, "9002"]));
      expect(await led("third-mcp-server")).toEqual([{ ...way("third"), path: "/two/telegram/updates" }]);
      expect(await policyPorts("third")).toContain(9002);
    },
    2 * collectionTimeout,
  );

  test("may change between asking and being called", async () => {
    await changeSpec(world, "third", { telegram: { updates: "Polling" } });
    await eventually(async () => expect(await receivingOf("third")).toEqual(["Polling", undefined, undefined]));
    await eventually(async () => expect(await led("third-mcp-server")).toEqual([]));
    await changeSpec(world, "third", { telegram: { updates: "Webhook" } });
    await eventually(async () => expect((await receivingOf("third"))[0]).toBe("Webhook"));
    await eventually(async () => expect(await led("third-mcp-server")).toHaveLength(1));
  });

  test("causes no write while nothing changes", async () => {
    await said(world, types.ingresses, "third-mcp-server", addressed("203.0.113.7"));
    await expectRest(exposed, "third");
  });
});
