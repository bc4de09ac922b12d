import type { DeploymentSpec } from "../api/spec.ts";
import type { Client } from "../runtime/client.ts";
import { type FindSecret, ForeignSecrets, type SecretData } from "./foreign-secrets.ts";
import type { TokenSecret } from "./snapshot.ts";

/** Whether a bot token exists. */
export class TokenSecrets {
  readonly #secrets: ForeignSecrets<ReadonlySet<string>>;

  constructor(client: Pick<Client, "get">, find: FindSecret) {
    this.#secrets = new ForeignSecrets(client, find, keysThatHoldSomething);
  }

  async state(namespace: string, { name, key }: DeploymentSpec["telegram"]["botTokenSecretRef"]): Promise<TokenSecret> {
    const keys = await this.#secrets.get(namespace, name);
    if (!keys) return "Missing";
    return keys.has(key) ? "Present" : "KeyMissing";
  }
}

const keysThatHoldSomething = (data: SecretData): ReadonlySet<string> =>
  new Set(Object.keys(data).filter((key) => data[key] !== ""));
