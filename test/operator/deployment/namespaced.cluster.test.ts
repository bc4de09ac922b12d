import { afterAll, beforeAll, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { type TestNamespace, testNamespace } from "../runtime/api-server.ts";
import { apply, remove, render } from "./support/chart.ts";
import { clientWith, tokenOf } from "./support/chart-account.ts";
import { startOperatorAt } from "./support/operator-at.ts";
import {
  changeSpec,
  createResource,
  createToken,
  eventually,
  exists,
  readResource,
  untilReady,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let operators: TestNamespace;
let served: World;
let alsoServed: World;
let outside: World;
let installation: KubernetesObject[];
let token: string;

beforeAll(async () => {
  operators = await testNamespace("some");
  [served, alsoServed, outside] = await Promise.all([
    World.create("served"),
    World.create("also-served"),
    World.create("outside"),
  ]);
  for (const world of [served, alsoServed, outside]) {
    world.kubelet.start();
    await createToken(world);
    await createResource(world, "team");
  }
  installation = await render(
    [`watchNamespaces={${served.namespace},${alsoServed.namespace}}`, "replicas=0", "crds.install=false"],
    { namespace: operators.namespace },
  );
  await apply(installation);
  token = await tokenOf(served.client, { namespace: operators.namespace, name: "operator-cctelegram-operator" });
  // The API server obeys a Role a moment after it was made, and later on a busy machine.
  const account = clientWith(token, "namespaced");
  for (const { namespace } of [served, alsoServed])
    await eventually(() => account.list(resourcePath(types.deployments, { namespace })));
  account.close();
});
afterAll(async () => {
  await remove(installation);
  await Promise.all([served, alsoServed, outside, operators].map((one) => one.dispose()));
});

test("its account has no right in the whole cluster", () => {
  const bound = installation.filter(({ kind }) => /Binding$/.test(kind ?? "") && !/^Validating/.test(kind ?? ""));
  expect(bound.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`).sort()).toEqual(
    [`RoleBinding ${served.namespace}`, `RoleBinding ${alsoServed.namespace}`].sort(),
  );
});

test("an operator with Roles in two namespaces serves these, and asks for nothing elsewhere", async () => {
  const namespaces = [served.namespace, alsoServed.namespace].sort();
  const operator = startOperatorAt({
    POD_NAMESPACE: operators.namespace,
    WATCH_NAMESPACES: namespaces,
    token,
  });
  await untilReady(served, "team");
  await untilReady(alsoServed, "team");

  // An object that was deleted in one namespace does not count as deleted in the other.
  await changeSpec(served, "team", { networkPolicy: { mode: "Disabled" } });
  await eventually(async () => expect(await exists(served, types.networkPolicies, "team-bridge")).toBe(false));
  expect(await exists(alsoServed, types.networkPolicies, "team-bridge")).toBe(true);
  await served.delete(types.services, "team-bridge");
  await eventually(async () => expect(await exists(served, types.services, "team-bridge")).toBe(true));

  expect((await readResource(outside, "team")).status?.conditions).toBeUndefined();
  const requests = await served.audit.requests(operator.userAgent);
  expect(new Set(requests.map(({ objectRef }) => objectRef?.namespace))).toEqual(new Set(namespaces));
  expect(requests.filter(({ responseStatus }) => [401, 403].includes(responseStatus?.code ?? 0))).toEqual([]);
  await operator.stop();
});
