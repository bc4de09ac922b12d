import { expect } from "vitest";
import * as types from "../../../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../../../operator/runtime/resource-type.ts";
import { testNamespace } from "../../runtime/api-server.ts";
import { apply, remove, render } from "./chart.ts";
import { type Account, clientWith, tokenOf } from "./chart-account.ts";
import { eventually } from "./steps.ts";

export type ClosedRelease = {
  /** Of its operator, of which no pod runs. */
  readonly account: Account;
  dispose(): Promise<void>;
};

/** A release of the chart with `allowNetworkFields: false`, whose admission policy is obeyed. */
export async function installClosedRelease(): Promise<ClosedRelease> {
  const { client, namespace, dispose } = await testNamespace("closed");
  const settings = ["allowNetworkFields=false", "replicas=0", "crds.install=false", "aggregateRoles=false"];
  const installation = await render(settings, { namespace });
  await apply(installation);
  const account = { namespace, name: "operator-cctelegram-operator" };
  const thief = clientWith(await tokenOf(client, account), "closed-release");
  const forbidden = () =>
    thief.request({
      method: "POST",
      path: resourcePath(types.secrets, { namespace: "default" }),
      query: { dryRun: "All" },
      body: { metadata: { name: "nobodys" } },
    });
  // The API server obeys a policy a moment after it was made.
  await eventually(() => expect(forbidden()).rejects.toThrow(/writes only what a CCTelegramDeployment controls/));
  thief.close();
  return {
    account,
    async dispose() {
      await remove(installation);
      await dispose();
    },
  };
}
