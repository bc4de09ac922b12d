import { isNotFound } from "../../runtime/api-error.ts";
import type { Client } from "../../runtime/client.ts";
import { type ResourceType, resourcePath } from "../../runtime/resource-type.ts";
import type { Stored } from "../../runtime/store.ts";
import { secrets } from "../resource-types.ts";

export type FindSecret = (namespace: string, name: string) => Stored | undefined;

/** Values in base64; those of ConfigMaps as they are. */
export type SecretData = Readonly<Record<string, string>>;

/**
 * The needed content of Secrets, or of objects of another type with data, that users created. Unless they have the operator's label, only their metadata is watched, so that
 * their contents are not in memory; a Secret is read only when its version changes, once for all resources that refer to it.
 */
export class ForeignSecrets<T> {
  readonly #client: Pick<Client, "get">;
  readonly #find: FindSecret;
  readonly #extract: (data: SecretData) => T;
  readonly #type: ResourceType;
  readonly #found = new Map<string, { readonly version: string; readonly value: Promise<T | undefined> }>();

  /** Returns what is kept of a Secret. */
  constructor(client: Pick<Client, "get">, find: FindSecret, extract: (data: SecretData) => T, type = secrets) {
    this.#client = client;
    this.#find = find;
    this.#extract = extract;
    this.#type = type;
  }

  /** What was extracted; undefined when there is no such Secret. */
  get(namespace: string, name: string): Promise<T | undefined> {
    const secret = this.#find(namespace, name);
    return secret ? this.#known(secret) : this.#lastLook(namespace, name);
  }

  #known({ namespace, name, resourceVersion }: Stored): Promise<T | undefined> {
    const id = `${namespace}/${name}`;
    const known = this.#found.get(id);
    if (known?.version === resourceVersion) return known.value;
    const value = this.#read(namespace, name);
    this.#found.set(id, { version: resourceVersion, value });
    value.catch(() => this.#found.delete(id));
    return value;
  }

  /** A Secret whose labels change leaves one watch before the other one sees it: an existing one is read once more. */
  async #lastLook(namespace: string, name: string): Promise<T | undefined> {
    const id = `${namespace}/${name}`;
    if (!this.#found.has(id)) return undefined;
    const value = await this.#read(namespace, name);
    if (value === undefined) this.#found.delete(id);
    return value;
  }

  /** Undefined when the Secret was just deleted. */
  async #read(namespace: string, name: string): Promise<T | undefined> {
    const data = await dataOf(this.#client, this.#type, { namespace, name });
    return data && this.#extract(data);
  }
}

/** The content of a Secret, which is kept nowhere; undefined when there is none. */
export const secretData = (
  client: Pick<Client, "get">,
  namespace: string,
  name: string,
): Promise<SecretData | undefined> => dataOf(client, secrets, { namespace, name });

async function dataOf(
  client: Pick<Client, "get">,
  type: ResourceType,
  place: { readonly namespace: string; readonly name: string },
): Promise<SecretData | undefined> {
  try {
    const { data = {} } = await client.get<{ data?: SecretData }>(resourcePath(type, place));
    return data;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
