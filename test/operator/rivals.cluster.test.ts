import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import * as types from "../../operator/deployment/resource-types.ts";
import type { Client } from "../../operator/runtime/client.ts";
import { leaseType } from "../../operator/runtime/lease.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import { describeRequest } from "./deployment/support/audit.ts";
import { chartAccount, clientWith, tokenOf } from "./deployment/support/chart-account.ts";
import { startOperatorAt } from "./deployment/support/operator-at.ts";
import { createResource, createToken, eventually, untilSettled } from "./deployment/support/steps.ts";
import { World, within } from "./deployment/support/world.ts";
import { type TestNamespace, testNamespace } from "./runtime/api-server.ts";

/** Longer than the duration of a Lease plus the longest pause of a waiting operator. */
const takeoverMs = 60_000;

let world: World;
let other: TestNamespace;
let third: TestNamespace;

beforeAll(async () => {
  world = await World.create("rivals");
  [other, third] = await Promise.all([testNamespace("rival-a"), testNamespace("rival-b")]);
  world.kubelet.start();
  await createToken(world);
  await createResource(world, "team");
});
afterAll(async () => {
  await Promise.all([world.dispose(), other.dispose(), third.dispose()]);
});

const roleBindings = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  plural: "rolebindings",
  kind: "RoleBinding",
  namespaced: true,
};

const view = (client: Client) => within(world.namespace, client);

/** As installed: with its own account. */
const installed = async () => {
  const { namespace } = chartAccount;
  const token = await tokenOf(world.client, chartAccount);
  return startOperatorAt({ POD_NAMESPACE: namespace, SERVER_IMAGE: "installed:1", token, view });
};
const at = (namespace: string, options = {}) =>
  startOperatorAt({ POD_NAMESPACE: namespace, SERVER_IMAGE: `${namespace}:1`, view, ...options });

/** Its children may exist already, from an earlier test. */
const untilLeading = (operator: ReturnType<typeof startOperatorAt>) =>
  eventually(() => expect(operator.leads).toBe(true), takeoverMs);

const imageIs = (image: string, timeout = takeoverMs) =>
  eventually(async () => {
    const { spec } = await world.get<{ spec: { template: { spec: { containers: { image: string }[] } } } }>(
      types.deployments,
      "team-mcp-server",
    );
    expect(spec.template.spec.containers[0]?.image).toBe(image);
  }, timeout);

const saysWhoLeads = ({ logger }: ReturnType<typeof startOperatorAt>, who: string) =>
  eventually(() => {
    const told = logger.entries.filter(({ message }) => message === "another one leads; this one waits");
    expect(told.map(({ fields }) => fields)).toEqual([
      expect.objectContaining({ leader: expect.stringContaining(who) }),
    ]);
  });

const writesOf = async (userAgent: string) => (await world.audit.writes(userAgent)).map(describeRequest);

/** Of its own Lease, and of what it has to say about a resource that has only just been made. */
const isReport = (write: string) => /^(update leases|patch cctelegramdeployments status|create events) /.test(write);
const writesToChildren = async (userAgent: string) => (await writesOf(userAgent)).filter((write) => !isReport(write));

/** The first Deployment is there before the last child is, and pods may take longer than a pause shows. */
const untilQuiet = (userAgent: string) =>
  eventually(async () => {
    const before = await writesToChildren(userAgent);
    await untilSettled(world, "team", takeoverMs);
    await delay(2_000);
    expect(await writesToChildren(userAgent)).toEqual(before);
  }, takeoverMs);

/** What operators do wrong they do when they have looked who leads: every few seconds. */
const untilLooked = (operators: readonly ReturnType<typeof startOperatorAt>[], times = 3) =>
  vi.waitFor(
    async () => {
      for (const { userAgent } of operators) {
        const looks = (await world.audit.requests(userAgent)).filter(
          ({ verb, objectRef }) => verb === "list" && objectRef?.resource === "leases",
        );
        expect(looks.length).toBeGreaterThanOrEqual(times);
      }
    },
    { timeout: takeoverMs, interval: 500 },
  );

test("of two operators in two namespaces the second says who leads, writes nothing, and takes over when the first is gone", async () => {
  const first = await installed();
  await untilLeading(first);
  await imageIs("installed:1");
  const second = at(other.namespace);
  await saysWhoLeads(second, `${chartAccount.namespace}/`);
  await untilQuiet(first.userAgent);
  await world.audit.reset();
  await untilLooked([first, second]);
  expect(await writesOf(second.userAgent)).toEqual([]);
  expect(await writesToChildren(first.userAgent)).toEqual([]);

  first.kill();
  await imageIs(`${other.namespace}:1`);
  expect(await first.ended).toBe("lost");
  await second.stop();
});

test("of three that start at once one leads", async () => {
  const three = [await installed(), at(other.namespace), at(third.namespace)];
  await eventually(() => expect(three.filter(({ leads }) => leads)).toHaveLength(1), takeoverMs);
  await world.audit.reset();
  await untilLooked(three, 2);
  expect(three.filter(({ leads }) => leads)).toHaveLength(1);
  await world.audit.reset();
  await untilLooked(three, 2);
  for (const waiting of three.filter(({ leads }) => !leads)) expect(await writesOf(waiting.userAgent)).toEqual([]);
  await Promise.all(three.map((operator) => operator.stop()));
});

test("an operator without a Lease waits beside another one, works while there is none, and ends when one comes", async () => {
  const first = await installed();
  await untilLeading(first);
  await imageIs("installed:1");
  const alone = at("nowhere", { LEADER_ELECTION: false });
  await saysWhoLeads(alone, `${chartAccount.namespace}/`);
  expect(await writesOf(alone.userAgent)).toEqual([]);
  await first.stop();
  await imageIs("nowhere:1");
  const next = await installed();
  expect(await alone.ended).toBe("lost");
  await imageIs("installed:1");
  expect((await writesOf(alone.userAgent)).filter((write) => write.includes("leases"))).toEqual([]);
  await next.stop();
});

test("an operator of all namespaces leaves alone the one that another operator serves, and takes it back after that", async () => {
  const everywhere = await installed();
  await untilLeading(everywhere);
  await imageIs("installed:1");
  const here = at(other.namespace, { WATCH_NAMESPACES: [world.namespace], view: undefined });
  await imageIs(`${other.namespace}:1`);
  expect(everywhere.leads).toBe(true);
  await eventually(() => {
    expect(everywhere.logger.entries).toContainEqual(
      expect.objectContaining({ message: "another operator serves this namespace; leaving it alone" }),
    );
  });
  await untilQuiet(here.userAgent);
  await world.audit.reset();
  await untilLooked([everywhere]);
  expect(new Set(await writesOf(everywhere.userAgent))).toEqual(new Set(["update leases cctelegram-operator 200"]));
  expect(await writesToChildren(here.userAgent)).toEqual([]);
  await here.stop();
  await imageIs("installed:1");
  await everywhere.stop();
});

test("whoever may not write the status of resources cannot make operators stay away", async () => {
  const lease = (name: string, annotations: object) => ({
    metadata: { name, labels: { "app.kubernetes.io/name": "cctelegram-operator" }, annotations },
    spec: { holderIdentity: "nobody", leaseDurationSeconds: 15 },
  });
  const account = { namespace: world.namespace, name: "neighbour" };
  await world.post(types.serviceAccounts, { metadata: { name: account.name } });
  await world.post(roleBindings, {
    metadata: { name: "neighbour" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
    subjects: [{ kind: "ServiceAccount", ...account }],
  });
  const neighbour = clientWith(await tokenOf(world.client, account), "neighbour");
  onTestFinished(() => neighbour.close());
  const create = (body: object) =>
    neighbour.request({ method: "POST", path: resourcePath(leaseType, { namespace: world.namespace }), body });
  await eventually(() => create({ ...lease("harmless", {}), metadata: { name: "harmless" } }));
  for (const scope of ["*", world.namespace]) {
    await expect(create(lease("cctelegram-operator", { "cctelegram.io/watch-namespaces": scope }))).rejects.toThrow(
      "only an operator, which may write the status",
    );
  }
});
