import { createHmac } from "node:crypto";
import type { DeploymentSpec } from "../../api/spec.ts";
import type { Client } from "../../runtime/client.ts";
import type { TokenSecret } from "../snapshot.ts";
import { type FindSecret, ForeignSecrets, type SecretData } from "./foreign-secrets.ts";

type Ref = DeploymentSpec["telegram"]["botTokenSecretRef"];

/** Whether a bot token exists, and which ones are equal. */
export class TokenSecrets {
  readonly #secrets: ForeignSecrets<ReadonlyMap<string, string>>;

  /** Fingerprints are made with `salt`, which should be random and kept nowhere: then they say nothing to anybody else. */
  constructor(client: Pick<Client, "get">, find: FindSecret, salt: string) {
    this.#secrets = new ForeignSecrets(client, find, (data) => fingerprints(data, salt));
  }

  async state(namespace: string, { name, key }: Ref): Promise<TokenSecret> {
    const keys = await this.#secrets.get(namespace, name);
    if (!keys) return "Missing";
    return keys.has(key) ? "Present" : "KeyMissing";
  }

  /** Equal for equal tokens, in whatever namespace; undefined when there is none. Never to be written anywhere. */
  async fingerprint(namespace: string, { name, key }: Ref): Promise<string | undefined> {
    return (await this.#secrets.get(namespace, name))?.get(key);
  }
}

/** By key; without the keys that hold nothing. */
const fingerprints = (data: SecretData, salt: string): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(data).flatMap(([key, value]) => (value === "" ? [] : [[key, fingerprintOf(value, salt)] as const])),
  );

/** The bridge, too, reads the token without white space around it. */
const fingerprintOf = (base64: string, salt: string) =>
  createHmac("sha256", salt).update(Buffer.from(base64, "base64").toString().trim()).digest("base64");
