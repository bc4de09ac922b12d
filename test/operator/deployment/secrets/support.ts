import { hashedKey } from "../../../../contract/api-key.ts";
import type { ApiKeyFile } from "../../../../contract/api-key-file.ts";
import type { Blueprint } from "../../../../operator/deployment/blueprint.ts";
import { cachedChild } from "../../../../operator/deployment/cache/cached-objects.ts";
import type { Cluster } from "../../../../operator/deployment/cache/cluster.ts";
import {
  apiKeysSecret,
  connectionSecrets,
  dashboardSecrets,
  hmacSecret,
} from "../../../../operator/deployment/desired/secrets.ts";
import { namesOf } from "../../../../operator/deployment/names.ts";
import { secrets } from "../../../../operator/deployment/resource-types.ts";
import { untilSecretsChange } from "../../../../operator/deployment/secrets/changes.ts";
import { isStored, secretValues } from "../../../../operator/deployment/secrets/gather.ts";
import { GeneratedValues } from "../../../../operator/deployment/secrets/generated-values.ts";
import type { Referred } from "../../../../operator/deployment/secrets/referred-values.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { blueprint, specOf } from "../support/blueprint.ts";
import { resource } from "../support/snapshot.ts";

type Texts = Readonly<Record<string, string>>;

/** A Secret as the API server has it. */
type Live = { readonly createdAt: string; readonly data: Texts; readonly annotations: Texts; readonly ours: OurFields };

/** The fields that the operator has applied, and nobody has changed since. */
type OurFields = ReadonlySet<string>;

/** What a Secret held from a time on; empty while there was none. In ms since the epoch. */
export type Version = { readonly from: number; readonly data: Texts };

export const names = namesOf("team");
export const spreadMs = 120_000;
export const hmacGraceMs = 900_000;

const uid = resource().uid;
const cached = cachedChild("Secret");

/**
 * The Secrets of a resource in miniature: passes of the operator by its own timers, and at once when somebody else changes
 * something, with writes that are refused, crashes between two of them, and a clock that is wrong.
 */
export class SecretsStage {
  fields: { clients: readonly object[]; auth: object; bridge: object; monitoring: object } = {
    clients: [{ name: "claude" }],
    auth: {},
    bridge: {},
    monitoring: {},
  };
  /** Of users, by name: the key, or that it cannot be read. Others are missing. */
  readonly brought = new Map<string, string | "unread">();
  /** Names of Secrets whose writes are refused. */
  refused: ReadonlySet<string> = new Set();
  /** The operator ends after so many writes. */
  crashesAfter: number | undefined;
  isPaused = false;
  now = Date.parse("2026-01-01T00:00:00.250Z");
  /** By how much the operator's clock is wrong. */
  skewMs = 0;
  readonly live = new Map<string, Live>();
  readonly versions = new Map<string, Version[]>();
  wakesAt: number | undefined;
  passes = 0;
  #parsed: { readonly text: string; readonly spec: Blueprint["spec"] } | undefined;
  #failures = 0;
  #made = 0;
  #generated = this.#newOperator();

  get spec(): Blueprint["spec"] {
    const { clients, auth, bridge, monitoring } = this.fields;
    const fields = { server: { auth: { clients, ...auth } }, bridge, monitoring };
    const text = JSON.stringify(fields);
    if (this.#parsed?.text !== text) this.#parsed = { text, spec: specOf(fields) };
    return this.#parsed.spec;
  }

  #newOperator(): GeneratedValues {
    return new GeneratedValues(() => {
      this.#made += 1;
      return `${this.#made}`.padStart(64, "0");
    });
  }

  /** Another process leads; what the former one had in mind is lost. */
  restart(): void {
    this.#generated = this.#newOperator();
    this.#failures = 0;
    this.wakesAt = undefined;
    this.step();
  }

  /** One reconcile. */
  step(): void {
    this.passes += 1;
    const now = () => this.now + this.skewMs;
    const cluster = { child: (type, _, name) => (type === secrets ? this.#cached(name) : undefined) } as Cluster;
    const { spec } = this;
    const owner = resource({ spec });
    const settings = { serverImage: "server", keySpreadMs: spreadMs, hmacGraceMs };
    const parts = { cluster, settings, generated: this.#generated, referred: this.#referred(), now };
    const asked = blueprint(spec, secretValues(owner, parts));
    const wroteAll = this.isPaused || this.#write(asked);
    if (wroteAll === "crashed") {
      this.restart();
      return;
    }
    this.#generated.settle(uid, isStored(cluster, owner));
    this.#failures = wroteAll ? 0 : this.#failures + 1;
    const backoffMs = wroteAll ? Number.POSITIVE_INFINITY : Math.min(60_000, 5 * 2 ** (this.#failures - 1));
    const failures = wroteAll ? [] : ["refused"];
    const untilMs = untilSecretsChange(asked, { now: now(), mayWrite: !this.isPaused, failures });
    const at = this.now + Math.max(100, Math.min(backoffMs, untilMs ?? backoffMs));
    if (Number.isFinite(at)) this.wakesAt = Math.min(at, this.wakesAt ?? at);
  }

  /** Lets time pass, with the reconciles that the operator has asked for. */
  pass(seconds: number): void {
    const end = this.now + seconds * 1000;
    const most = this.passes + 200 + seconds / 50;
    while (this.wakesAt !== undefined && this.wakesAt <= end) {
      this.now = this.wakesAt;
      this.wakesAt = undefined;
      this.step();
      if (this.passes > most) throw new Error(`there is no rest: ${seconds} s were more than ${most} passes`);
    }
    this.now = end;
  }

  /** Somebody else writes fields of a Secret, or removes them. */
  edit(name: string, fields: { readonly data?: object; readonly annotations?: object }): void {
    const before = this.live.get(name);
    if (before === undefined) return;
    const data = merged(before.data, fields.data);
    const annotations = merged(before.annotations, fields.annotations);
    const ours = [...before.ours].filter((path) => at({ data, annotations }, path) === at(before, path));
    this.#store(name, { ...before, data, annotations, ours: new Set(ours) });
    this.step();
  }

  delete(name: string): void {
    this.#store(name, undefined);
    this.step();
  }

  ask(name: string, wish: string | undefined): void {
    this.edit(name, { annotations: { "cctelegram.io/rotate": wish } });
  }

  /** What the file of keys says now. */
  get file(): ApiKeyFile {
    return fileIn(this.live.get(names.apiKeys)?.data ?? {});
  }

  /** Whether all was written; in the order in which the operator does it. */
  #write(asked: Blueprint): boolean | "crashed" {
    const wanted = [
      ...[hmacSecret(asked), apiKeysSecret(asked)],
      ...[...dashboardSecrets(asked), ...connectionSecrets(asked)],
    ].map(({ object }) => object);
    let wroteAll = true;
    for (const object of wanted) {
      const name = object.metadata.name ?? "";
      const before = this.live.get(name);
      const after = applied(before, object, new Date(this.now).toISOString().replace(/\.\d+/, ""));
      if (before !== undefined && isSame(before, after)) continue;
      if (this.crashesAfter === 0) {
        this.crashesAfter = undefined;
        return "crashed";
      }
      if (this.crashesAfter !== undefined) this.crashesAfter -= 1;
      if (this.refused.has(name)) wroteAll = false;
      else this.#store(name, after);
    }
    const kept = new Set(wanted.map(({ metadata }) => metadata.name));
    for (const name of this.live.keys()) if (!kept.has(name)) this.#store(name, undefined);
    return wroteAll;
  }

  #store(name: string, after: Live | undefined): void {
    if (after === undefined) this.live.delete(name);
    else this.live.set(name, after);
    const versions = this.versions.get(name) ?? [];
    versions.push({ from: this.now, data: after?.data ?? {} });
    this.versions.set(name, versions);
  }

  #cached(name: string) {
    const live = this.live.get(name);
    if (live === undefined) return undefined;
    const base64 = Object.entries(live.data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    return cached({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name,
        namespace: "tools",
        uid: name,
        resourceVersion: "1",
        creationTimestamp: live.createdAt,
        annotations: live.annotations,
        ownerReferences: [
          { apiVersion: "cctelegram.io/v1alpha1", kind: "CCTelegramDeployment", name: "team", uid, controller: true },
        ],
      },
      data: Object.fromEntries(base64),
    });
  }

  #referred(): Referred {
    const named = this.spec.server.auth.clients.flatMap(({ keySecretRef }) => keySecretRef?.name ?? []);
    return new Map(
      named.flatMap((name): [string, "Missing" | ReadonlyMap<string, { digest: string; hash: string }>][] => {
        const key = this.brought.get(name);
        if (key === "unread") return [];
        return [[name, key === undefined ? "Missing" : new Map([["key", { digest: key, hash: hashedKey(key) }]])]];
      }),
    );
  }
}

export const fileIn = (data: Texts): ApiKeyFile => JSON.parse(data["api-keys.json"] ?? "{}");

function merged(before: Texts, fields: object = {}): Texts {
  const entries = Object.entries({ ...before, ...fields }).filter(([, text]) => text !== undefined);
  return Object.fromEntries(entries);
}

const at = (live: Pick<Live, "data" | "annotations">, path: string) => {
  const [part, ...key] = path.split(":");
  return live[part as "data"][key.join(":")];
};

/** Server-side apply, by force: what was applied before and is not any more is removed, what others have added stays. */
function applied(before: Live | undefined, object: KubernetesObject, createdAt: string): Live {
  const wanted = {
    data: Object.fromEntries(
      Object.entries(object.data as Texts).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]),
    ),
    annotations: object.metadata.annotations ?? {},
  };
  const ours = new Set(
    (["data", "annotations"] as const).flatMap((part) => Object.keys(wanted[part]).map((key) => `${part}:${key}`)),
  );
  const kept = (part: "data" | "annotations") =>
    Object.entries(before?.[part] ?? {}).filter(([key]) => !before?.ours.has(`${part}:${key}`));
  return {
    createdAt: before?.createdAt ?? createdAt,
    data: { ...Object.fromEntries(kept("data")), ...wanted.data },
    annotations: { ...Object.fromEntries(kept("annotations")), ...wanted.annotations },
    ours,
  };
}

const sorted = (texts: Texts) => JSON.stringify(Object.entries(texts).sort());

const isSame = (one: Live, other: Live) =>
  sorted(one.data) === sorted(other.data) &&
  sorted(one.annotations) === sorted(other.annotations) &&
  [...other.ours].every((path) => one.ours.has(path)) &&
  one.ours.size === other.ours.size;
