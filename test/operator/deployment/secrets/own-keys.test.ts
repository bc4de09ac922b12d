import { describe, expect, test } from "vitest";
import { hashedKey } from "../../../../contract/api-key.ts";
import { apiKeysSecret, connectionSecrets } from "../../../../operator/deployment/desired/secrets.ts";
import { ownKeys } from "../../../../operator/deployment/secrets/own-keys.ts";
import { ReferredValues } from "../../../../operator/deployment/secrets/referred-values.ts";
import { variablesMark } from "../../../../operator/deployment/secrets/variables.ts";
import { blueprint, specOf } from "../support/blueprint.ts";

const key = "a-key-that-somebody-brought-along";

/** What the operator reads of Secrets, by name and key; "fails" cannot be read. */
async function read(
  secrets: Record<string, Record<string, string>>,
  names = Object.keys(secrets),
  configMaps: Record<string, Record<string, string>> = {},
) {
  const configMap = (namespace: string, name: string) =>
    name in configMaps ? { namespace, name, uid: name, resourceVersion: "1" } : undefined;
  const secret = (namespace: string, name: string) =>
    name in secrets || name === "fails" ? { namespace, name, uid: name, resourceVersion: "1" } : undefined;
  const get = async <T>(path: string): Promise<T> => {
    if (path.includes("/configmaps/")) return { data: configMaps[path.split("/").at(-1) ?? ""] } as T;
    const data = secrets[path.split("/").at(-1) ?? ""];
    if (data === undefined) throw new Error("503");
    return {
      data: Object.fromEntries(
        Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString("base64")]),
      ),
    } as T;
  };
  const found = new ReferredValues({ get }, { secret, configMap });
  return found.read("tools", { secrets: names, configMaps: Object.keys(configMaps) });
}

const clientsOf = (...clients: object[]) => specOf({ server: { auth: { clients } } }).server.auth.clients;
const own = (name: string, secret: string, fields: object = {}) => ({
  name,
  keySecretRef: { name: secret },
  ...fields,
});

describe("a key that a client brings along", () => {
  const found = async (secrets: Record<string, Record<string, string>>, clients: object[], taken: string[] = []) => {
    const { referred } = await read(
      secrets,
      clients.map((each) => (each as ReturnType<typeof own>).keySecretRef.name),
    );
    const keys = ownKeys(clientsOf(...clients), { referred, taken: new Set(taken.map(hashedKey)), stored: undefined });
    return Object.fromEntries([...keys].map(([name, { state, hash }]) => [name, hash ?? state]));
  };

  test("is known by its hash, without the line break behind it", async () => {
    expect(await found({ mine: { key: `${key}\n` } }, [own("claude", "mine")])).toEqual({ claude: hashedKey(key) });
    const named = { name: "claude", keySecretRef: { name: "mine", key: "api" } };
    expect(await found({ mine: { api: key } }, [named])).toEqual({ claude: hashedKey(key) });
  });

  test("is missing, or no key, without harm to other clients", async () => {
    const secrets = {
      mine: { key },
      empty: {},
      short: { key: "short" },
      blank: { key: "a key with blanks in it, and long" },
    };
    const clients = [own("a", "none"), own("b", "empty"), own("c", "short"), own("d", "blank"), own("e", "mine")];
    expect(await found(secrets, clients)).toEqual({
      ...{ a: "SecretMissing", b: "KeyMissing", c: "Unusable", d: "Unusable", e: hashedKey(key) },
    });
  });

  test("is that of the first of two who have the same, and of nobody who has one that the operator has made", async () => {
    const secrets = { mine: { key }, yours: { key } };
    const clients = [own("claude", "mine"), own("codex", "yours")];
    expect(await found(secrets, clients)).toEqual({ claude: hashedKey(key), codex: "Taken" });
    expect(await found(secrets, clients, [key])).toEqual({ claude: "Taken", codex: "Taken" });
  });

  test("stays what it was while its Secret cannot be read", async () => {
    const { referred, failures } = await read({}, ["fails"]);
    expect(failures).toHaveLength(1);
    const stored = JSON.stringify({
      [hashedKey("before")]: { name: "claude", expires: "2026-11-01T12:00:00Z" },
      [hashedKey(key)]: { name: "claude" },
    });
    const keys = ownKeys(clientsOf(own("claude", "fails")), { referred, taken: new Set(), stored });
    expect(keys.get("claude")).toMatchObject({ state: "Unread", hash: hashedKey(key) });
  });

  test("is in no object of the operator, but its hash in the file of keys; the connection Secret says where it is", async () => {
    const spec = specOf({ server: { auth: { clients: [own("claude", "mine", { permissions: ["*"] })] } } });
    const { referred } = await read({ mine: { key } });
    const keys = ownKeys(spec.server.auth.clients, { referred, taken: new Set(), stored: undefined });
    const one = blueprint(spec, { keys: new Map(), ownKeys: keys });
    const textOf = (data: unknown) =>
      Object.fromEntries(
        Object.entries(data as Record<string, string>).map(([name, text]) => [
          name,
          Buffer.from(text, "base64").toString(),
        ]),
      );
    const connections = connectionSecrets(one).map(({ object }) => textOf(object.data));
    expect(connections).toEqual([
      {
        url: one.url,
        keySecretName: "mine",
        keySecretKey: "key",
        "mcp.json": expect.stringMatching(/"\$\{CCTELEGRAM_KEY\}"/),
      },
    ]);
    const file = textOf(apiKeysSecret(one).object.data)["api-keys.json"] ?? "";
    expect(JSON.parse(file)[hashedKey(key)]).toMatchObject({ name: "claude", permissions: ["*"] });
    expect(file + JSON.stringify(connections)).not.toContain(key);
  });
});

describe("the mark of what variables refer to", () => {
  const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "mine", key: "token" } } }];
  const { server } = specOf({ server: { env } });
  const mark = async (secrets: Record<string, Record<string, string>>, fields: object = {}) =>
    variablesMark(server, {
      referred: (await read(secrets, ["mine"])).referred,
      salt: "salt",
      present: "present",
      ...fields,
    });

  test("changes with the value, and with nothing else in the Secret", async () => {
    const first = await mark({ mine: { token: "one", other: "x" } });
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await mark({ mine: { token: "one", other: "y" } })).toBe(first);
    expect(await mark({ mine: { token: "two", other: "x" } })).not.toBe(first);
    expect(await mark({ mine: { token: "one" } }, { salt: "another" })).not.toBe(first);
  });

  test("stays as it is in the pods while the value is missing: others could not start", async () => {
    expect(await mark({})).toBe("present");
    expect(await mark({ mine: { other: "x" } })).toBe("present");
    expect(await mark({}, { present: undefined })).toBeUndefined();
  });

  test("changes with what a ConfigMap holds under the key, which is no Secret of the same name", async () => {
    const valueFrom = { configMapKeyRef: { name: "mine", key: "token" } };
    const { bridge } = specOf({ bridge: { env: [{ name: "TOKEN", valueFrom }] } });
    const marked = async (configMap: Record<string, string>) => {
      const { referred } = await read({ mine: { token: "a secret" } }, ["mine"], { mine: configMap });
      return variablesMark(bridge, { referred, salt: "salt", present: "present" });
    };
    const first = await marked({ token: "one", other: "x" });
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await marked({ token: "one", other: "y" })).toBe(first);
    expect(await marked({ token: "two" })).not.toBe(first);
    expect(await marked({ other: "x" })).toBe("present");
  });

  test("is none without such variables", async () => {
    const { referred } = await read({});
    expect(variablesMark(specOf().server, { referred, salt: "salt", present: "present" })).toBeUndefined();
  });
});
