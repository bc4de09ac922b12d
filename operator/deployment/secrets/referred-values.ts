import { hashedKey, keyProblem } from "../../../contract/api-key.ts";
import type { Client } from "../../runtime/client.ts";
import { sha256 } from "../names.ts";
import { type FindSecret, ForeignSecrets, type SecretData } from "../references/foreign-secrets.ts";
import { configMaps } from "../resource-types.ts";

/** What is kept of a value in a Secret of a user: enough to see that it changes, and to know it as a key. */
type ReferredValue = {
  /** Another text for another content. Never to be written anywhere. */
  readonly digest: string;
  /** As the file of keys may hold it; undefined: it is no usable key. */
  readonly hash: string | undefined;
  /** Why it is no usable key. */
  readonly problem?: string;
};

/** By key of the Secret. */
type Values = ReadonlyMap<string, ReferredValue>;

/** What the Secrets and ConfigMaps hold to which a resource refers; one that could not be read is absent. */
export type Referred = ReadonlyMap<string, Values | "Missing">;

/** ConfigMaps beside Secrets, which are called by their name alone. */
export const configMapCalled = (name: string) => `configmap/${name}`;

type Found = { readonly secret: FindSecret; readonly configMap: FindSecret };

/** Reads Secrets and ConfigMaps of users to which resources refer, each once for each of its versions. */
export class ReferredValues {
  readonly #secrets: ForeignSecrets<Values>;
  readonly #configMaps: ForeignSecrets<Values>;

  constructor(client: Pick<Client, "get">, find: Found) {
    this.#secrets = new ForeignSecrets(client, find.secret, valuesIn);
    this.#configMaps = new ForeignSecrets(client, find.configMap, textsIn, configMaps);
  }

  /** Errors are returned, and stop nothing else. */
  async read(
    namespace: string,
    names: { readonly secrets: readonly string[]; readonly configMaps: readonly string[] },
  ): Promise<{ referred: Referred; failures: unknown[] }> {
    const called = [...names.secrets, ...names.configMaps.map(configMapCalled)];
    const read = await Promise.allSettled([
      ...names.secrets.map((name) => this.#secrets.get(namespace, name)),
      ...names.configMaps.map((name) => this.#configMaps.get(namespace, name)),
    ]);
    const found = read.flatMap((each, index): [string, Values | "Missing"][] =>
      each.status === "fulfilled" ? [[called[index] ?? "", each.value ?? "Missing"]] : [],
    );
    return {
      referred: new Map(found),
      failures: read.flatMap((each) => (each.status === "rejected" ? [each.reason] : [])),
    };
  }
}

const valuesIn = (data: SecretData): Values =>
  new Map(Object.entries(data).map(([key, base64]) => [key, judged(base64)]));

/** What a ConfigMap holds is nobody's key. */
const textsIn = (data: SecretData): Values =>
  new Map(Object.entries(data).map(([key, text]) => [key, { digest: sha256(text), hash: undefined }]));

/** Programs write a line break behind a key that is none of its characters. */
function judged(base64: string): ReferredValue {
  const digest = sha256(base64);
  const key = Buffer.from(base64, "base64").toString().trim();
  const problem = keyProblem(key);
  return problem === undefined ? { digest, hash: hashedKey(key) } : { digest, hash: undefined, problem };
}
