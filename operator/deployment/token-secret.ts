import type { DeploymentSpec } from "../api/spec.ts";
import { isNotFound } from "../runtime/api-error.ts";
import type { Client } from "../runtime/client.ts";
import { resourcePath } from "../runtime/resource-type.ts";
import type { Stored } from "../runtime/store.ts";
import { secrets } from "./resource-types.ts";
import type { TokenSecret } from "./snapshot.ts";

type FindSecret = (namespace: string, name: string) => Stored | undefined;

/**
 * Tells whether a bot token is there. Secrets of users, unless they carry the operator's label, are watched by metadata
 * alone, so that their contents are not in our memory; one is read only when its version changes, once for all resources that refer to it.
 */
export class TokenSecrets {
  readonly #client: Pick<Client, "get">;
  readonly #find: FindSecret;
  readonly #keys = new Map<
    string,
    { readonly version: string; readonly keys: Promise<ReadonlySet<string> | undefined> }
  >();

  constructor(client: Pick<Client, "get">, find: FindSecret) {
    this.#client = client;
    this.#find = find;
  }

  async state(namespace: string, { name, key }: DeploymentSpec["telegram"]["botTokenSecretRef"]): Promise<TokenSecret> {
    const secret = this.#find(namespace, name);
    const keys = await (secret ? this.#keysOf(secret) : this.#lastLook(namespace, name));
    if (!keys) return "Missing";
    return keys.has(key) ? "Present" : "KeyMissing";
  }

  #keysOf({ namespace, name, resourceVersion }: Stored): Promise<ReadonlySet<string> | undefined> {
    const id = `${namespace}/${name}`;
    const known = this.#keys.get(id);
    if (known?.version === resourceVersion) return known.keys;
    const keys = this.#read(namespace, name);
    this.#keys.set(id, { version: resourceVersion, keys });
    keys.catch(() => this.#keys.delete(id));
    return keys;
  }

  /** A Secret whose labels change leaves one watch before the other has it: one that was there is asked for once more. */
  async #lastLook(namespace: string, name: string): Promise<ReadonlySet<string> | undefined> {
    const id = `${namespace}/${name}`;
    if (!this.#keys.has(id)) return undefined;
    const keys = await this.#read(namespace, name);
    if (keys === undefined) this.#keys.delete(id);
    return keys;
  }

  /** The keys that hold something, or undefined when the Secret has just gone. */
  async #read(namespace: string, name: string): Promise<ReadonlySet<string> | undefined> {
    try {
      const { data = {} } = await this.#client.get<{ data?: Record<string, string> }>(
        resourcePath(secrets, { namespace, name }),
      );
      return new Set(Object.keys(data).filter((key) => data[key] !== ""));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
