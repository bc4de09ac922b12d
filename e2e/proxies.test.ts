import { afterAll, beforeAll, describe, test } from "vitest";
import {
  applyResource,
  cluster,
  createNamespace,
  createToken,
  deleteNamespace,
  target,
  waitReady,
} from "./environment.ts";
import { clusterIP } from "./installation.ts";
import { connectionOf } from "./mcp.ts";
import { addressBehaviours } from "./proxies/address-behaviours.ts";
import { failureBehaviours } from "./proxies/failure-behaviours.ts";
import { limitBehaviours } from "./proxies/limit-behaviours.ts";
import { createMachine, type Machine } from "./proxies/machine.ts";
import { killProxy, proxies, startProxy } from "./proxies/proxy.ts";
import { quietBehaviours } from "./proxies/quiet-behaviours.ts";
import { routeBehaviours } from "./proxies/route-behaviours.ts";
import { slowClientBehaviours } from "./proxies/slow-client-behaviours.ts";
import { type Installation, type Stage, stageOf } from "./proxies/stage.ts";
import { streamBehaviours } from "./proxies/stream-behaviours.ts";
import { telegramBehaviours } from "./proxies/telegram-behaviours.ts";
import { tlsBehaviours, transportBehaviours } from "./proxies/transport-behaviours.ts";
import { webSocketBehaviours } from "./proxies/web-socket-behaviours.ts";
import { fastBridge, liftLimits } from "./traffic.ts";

const resource = "team";
let machine: Machine;
let installation: Installation;

beforeAll(async () => {
  machine = await createMachine(cluster);
  const namespace = await createNamespace("proxies");
  const bot = await createToken(namespace);
  await liftLimits(bot);
  const node = cluster.nodes[1] ?? "";
  await applyResource(namespace, resource, {
    bridge: fastBridge,
    server: {
      replicas: 1,
      auth: { clients: [{ name: "test", permissions: ["*"] }] },
      // One window for all the traffic of the proxies' clients.
      rateLimit: { requests: 600, windowSeconds: 60, blockSeconds: 60 },
      logLevel: "debug",
      // Pods of the second node see connections to the Service with the first node's address.
      trustedProxies: [nodeAddress()],
      podTemplate: { nodeSelector: { "kubernetes.io/hostname": node } },
    },
  });
  await waitReady(namespace, resource);
  const { key } = await connectionOf(target, { namespace, resource, client: "test" });
  const service = await clusterIP(target, namespace, `${resource}-mcp-server`);
  installation = { bot, namespace, resource, key, service };
});
afterAll(async () => {
  await machine.remove();
  await deleteNamespace(installation.namespace);
});

/** The first node's address, which replaces the source of packets from the machine to Services. */
const nodeAddress = () => (cluster.host ?? "").replace(/\d+$/, "1");

describe.each(proxies)("$name", (proxy) => {
  test("takes its file of docs/proxies as it is", async () => {
    proxy.configure(machine);
    await machine.run(proxy.name, proxy.check);
  });

  describe("in front of the server", () => {
    const stage: Stage = stageOf(() => ({ machine, installation, proxy }));
    beforeAll(() => startProxy(machine, proxy, installation.service));
    afterAll(async () => {
      await stage.leave();
      await killProxy(machine, proxy);
    });
    transportBehaviours(stage);
    routeBehaviours(stage);
    limitBehaviours(stage);
    addressBehaviours(stage);
    slowClientBehaviours(stage);
    webSocketBehaviours(stage);
    failureBehaviours(stage);
  });

  describe("with the other kind of certificate", () => {
    const stage: Stage = stageOf(() => ({ machine, installation, proxy }));
    beforeAll(async () => {
      await machine.certify("RSA");
      await startProxy(machine, proxy, installation.service);
    });
    afterAll(async () => {
      await stage.leave();
      await killProxy(machine, proxy);
      await machine.certify("ECDSA");
    });
    tlsBehaviours(stage, "RSA");
  });

  describe("with the lines for Telegram's calls", () => {
    telegramBehaviours(stageOf(() => ({ machine, installation, proxy })));
  });

  describe("in front of a server that streams", () => {
    streamBehaviours(stageOf(() => ({ machine, installation, proxy })));
  });
});

describe("a WebSocket on which nothing is said", () => {
  quietBehaviours(() => ({ machine, installation }));
});
