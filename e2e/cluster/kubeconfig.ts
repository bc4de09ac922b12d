import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump } from "js-yaml";

export type KubeconfigOptions = {
  readonly pki: string;
  /** The certificate's file name without its ending; also the user's name in the file. */
  readonly user: string;
  readonly server: string;
  /** Name of the cluster and of the context. */
  readonly cluster: string;
};

/** Writes a kubeconfig with embedded certificates, readable by its owner only. */
export function writeKubeconfig(path: string, { pki, user, server, cluster }: KubeconfigOptions): void {
  const base64 = (file: string) => readFileSync(join(pki, file)).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: { server, "certificate-authority-data": base64("ca.crt") } }],
    users: [
      {
        name: user,
        user: { "client-certificate-data": base64(`${user}.crt`), "client-key-data": base64(`${user}.key`) },
      },
    ],
    contexts: [{ name: cluster, context: { cluster, user } }],
    "current-context": cluster,
  };
  writeFileSync(path, dump(config), { mode: 0o600 });
}
