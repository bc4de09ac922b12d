import * as z from "zod";
import type { SecretData } from "../references/foreign-secrets.ts";

export type Credentials = { readonly username: string; readonly password: string };

const entry = z.object({
  username: z.string().optional(),
  password: z.string().optional(),
  auth: z.string().optional(),
});
const auths = z.record(z.string(), entry);

/**
 * The user name and password that pull Secrets hold for a registry (types kubernetes.io/dockerconfigjson and dockercfg). Only those
 * for this very host and port: they are told to nobody else.
 */
export function credentialsFor(registry: string, secrets: readonly SecretData[]): Credentials | undefined {
  for (const data of secrets) {
    for (const [host, { username, password, auth }] of Object.entries(authsIn(data))) {
      if (!isFor(registry, host)) continue;
      const [, name, word] = /^([^:]+):(.*)$/s.exec(Buffer.from(auth ?? "", "base64").toString()) ?? [];
      const [user, secret] = [username ?? name, password ?? word];
      if (user !== undefined && secret !== undefined) return { username: user, password: secret };
    }
  }
  return undefined;
}

function authsIn(data: SecretData): z.infer<typeof auths> {
  const text = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  try {
    const config = text(".dockerconfigjson");
    return config === ""
      ? auths.parse(JSON.parse(text(".dockercfg")))
      : z.object({ auths }).parse(JSON.parse(config)).auths;
  } catch {
    return {};
  }
}

/** `docker login` writes Docker Hub as https://index.docker.io/v1/. */
function isFor(registry: string, entry: string): boolean {
  const host = entry.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  const isHub = registry === "registry-1.docker.io" && (host === "index.docker.io" || host === "docker.io");
  return host === registry || isHub;
}
