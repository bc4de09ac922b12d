import type { V1Pod } from "@kubernetes/client-node";
import { apiKeyFileName, apiKeyHeader, hashedKey } from "../../../../contract/api-key.ts";
import type { ApiKeyFile } from "../../../../contract/api-key-file.ts";
import { hashOf, verify } from "../../../../contract/signature.ts";
import { secrets } from "../../../../operator/deployment/resource-types.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import { resourcePath } from "../../../../operator/runtime/resource-type.ts";

type Data = Readonly<Record<string, string>>;

/** Lets in whom pods let in: the server callers with a key of its file, the bridge signed requests. */
export class Gatekeeper {
  readonly #client: Client;
  readonly #now: () => number;
  /** What pods have read last: that of a Secret that is gone stays in the volume. */
  readonly #read = new Map<string, Data>();

  constructor(client: Client, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  async letsIn(pod: V1Pod, path: string, { method = "GET", headers, body }: RequestInit): Promise<boolean> {
    const given = new Headers(headers);
    const keys = await this.#volume(pod, "api-keys");
    if (keys !== undefined) {
      const file: ApiKeyFile = JSON.parse(keys[apiKeyFileName] ?? "{}");
      const { enabled, permissions = [] } = file[hashedKey(given.get(apiKeyHeader) ?? "")] ?? { enabled: false };
      const [, tool] = /^\/tools\/(.+)$/.exec(path) ?? [];
      return enabled !== false && (tool === undefined || permissions.includes("*") || permissions.includes(tool));
    }
    const { secret = "", previous = "", next = "" } = (await this.#volume(pod, "hmac")) ?? {};
    const request = { method, path, headers: Object.fromEntries(given), nowSeconds: this.#now() / 1000 };
    const verdict = verify({ ...request, secrets: [secret, previous, next] });
    return "contentHash" in verdict && verdict.contentHash === hashOf(String(body ?? ""));
  }

  /** What the Secret in a volume of the pod holds; undefined without such a volume. */
  async #volume({ metadata, spec }: V1Pod, name: string): Promise<Data | undefined> {
    const secret = spec?.volumes?.find((volume) => volume.name === name)?.secret?.secretName;
    if (secret === undefined) return undefined;
    const path = resourcePath(secrets, { namespace: metadata?.namespace ?? "", name: secret });
    const stored = await this.#client.get<{ data?: Data }>(path).catch(() => undefined);
    if (stored === undefined) return this.#read.get(path) ?? {};
    const entries = Object.entries(stored.data ?? {});
    const data = Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
    this.#read.set(path, data);
    return data;
  }
}
