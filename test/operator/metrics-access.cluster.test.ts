import { afterAll, beforeAll, expect, test } from "vitest";
import * as types from "../../operator/deployment/resource-types.ts";
import type { Client } from "../../operator/runtime/client.ts";
import { type HealthServer, startHealthServer } from "../../operator/runtime/health.ts";
import { createMetrics } from "../../operator/runtime/metrics.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import { tokenAuthorizer } from "../../operator/runtime/token-authorizer.ts";
import { chartAccount, clientWith, tokenOf } from "./deployment/support/chart-account.ts";
import { eventually } from "./deployment/support/steps.ts";
import { realClock, type TestNamespace, testNamespace } from "./runtime/api-server.ts";
import { recordingLogger } from "./runtime/recording-logger.ts";

let world: TestNamespace;
let operator: Client & { close(): void };
let server: HealthServer;
const binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

beforeAll(async () => {
  world = await testNamespace("metrics");
  operator = clientWith(await tokenOf(world.client, chartAccount), "cctelegram-operator/metrics");
  server = await startHealthServer({
    host: "127.0.0.1",
    port: 0,
    logger: recordingLogger(),
    registry: createMetrics().registry,
    authorize: tokenAuthorizer({ client: operator, clock: realClock, path: "/metrics" }),
  });
});
afterAll(async () => {
  await server.close();
  operator.close();
  await world.client.request({ method: "DELETE", path: `${binding}/${world.namespace}` });
  await world.dispose();
});

async function accountToken(name: string): Promise<string> {
  const { client, namespace } = world;
  const path = resourcePath(types.serviceAccounts, { namespace });
  await client.request({ method: "POST", path, body: { metadata: { name } } });
  return tokenOf(client, { namespace, name });
}

const scrape = (token: string) =>
  fetch(`http://127.0.0.1:${server.port}/metrics`, { headers: { authorization: `Bearer ${token}` } });

test("an account that is bound to the metrics reader of the chart sees metrics, others do not", async () => {
  const [stranger, prometheus] = [await accountToken("stranger"), await accountToken("prometheus")];
  await world.client.request({
    method: "POST",
    path: binding,
    body: {
      metadata: { name: world.namespace },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "operators.cctelegram-operator-metrics-reader",
      },
      subjects: [{ kind: "ServiceAccount", namespace: world.namespace, name: "prometheus" }],
    },
  });
  // The authorizer sees a binding a moment after it was created: a new token each time, since answers are cached.
  await eventually(async () => {
    const answer = await scrape(await tokenOf(world.client, { namespace: world.namespace, name: "prometheus" }));
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("# TYPE");
  });
  expect((await scrape(prometheus)).status).toBe(200);
  const refused = await scrape(stranger);
  expect([refused.status, await refused.text()]).toEqual([403, 'the account may not "get" the path "/metrics"\n']);
  expect((await scrape("not-a-token")).status).toBe(401);
  expect((await scrape(`${prometheus.slice(0, -4)}AAAA`)).status).toBe(401);
});
