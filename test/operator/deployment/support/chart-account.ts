import * as types from "../../../../operator/deployment/resource-types.ts";
import { type Client, createClient } from "../../../../operator/runtime/client.ts";
import { resourcePath } from "../../../../operator/runtime/resource-type.ts";
import { testKubeConfig } from "../../runtime/api-server.ts";

export type Account = { readonly namespace: string; readonly name: string };

/** The account of the operator that test/cluster.setup.ts installs. */
export const chartAccount: Account = { namespace: "operators", name: "cctelegram-operator" };

/** A token like that of the account's pods. */
export async function tokenOf(administrator: Client, { namespace, name }: Account): Promise<string> {
  const { status } = await administrator.request<{ status: { token: string } }>({
    method: "POST",
    path: resourcePath(types.serviceAccounts, { namespace, name, subresource: "token" }),
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
  });
  return status.token;
}

/** A client with only the token. */
export function clientWith(token: string, userAgent: string) {
  const kubeConfig = testKubeConfig();
  kubeConfig.users = kubeConfig.users.map(({ name }) => ({ name, token }));
  return createClient({ kubeConfig, userAgent });
}
