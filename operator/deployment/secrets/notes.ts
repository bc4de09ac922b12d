import type { EventNote } from "../../runtime/event-recorder.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import type { CachedChild } from "../cache/cached-objects.ts";
import type { PreviousKey } from "./previous-keys.ts";

type Written = {
  /** The client whose key the Secret has. */
  readonly client: string | undefined;
  readonly previousKeys: readonly PreviousKey[];
};

/** What people are told of a Secret that was just written; `live` is how it was before. */
export function notesOf(secret: KubernetesObject, live: CachedChild | undefined, written: Written): EventNote[] {
  const { name = "" } = secret.metadata;
  const before = live?.state.secret;
  const after = (key: string) => decoded(secret, key);
  const { client } = written;
  const key = after("key");
  if (key !== undefined && before?.key !== key)
    return client === undefined ? [] : [keyChanged(client, name, live !== undefined, written.previousKeys)];
  const { asked, granted } = live?.state.rotation ?? {};
  const isAsked = asked !== undefined && asked !== granted;
  if (before !== undefined && before.next === undefined && after("next") !== undefined && !isAsked)
    return [{ type: "Normal", reason: "RotationDue", message: due(name) }];
  const [, other] =
    ["secret", "password"].map((each) => [before?.[each], after(each)]).find(([old, now]) => old && old !== now) ?? [];
  return other === undefined
    ? []
    : [{ type: "Normal", reason: "SecretRotated", message: rotated(name, after("previous") !== undefined) }];
}

const due = (name: string) =>
  `Secret ${name} is due for another value by its schedule: it is used as soon as all who read it know it`;

const rotated = (name: string, isKept: boolean) =>
  `Secret ${name} has another value, ${isKept ? "and the one of before counts for a while" : "and the one of before counts no longer"}`;

function decoded({ data }: KubernetesObject, key: string): string | undefined {
  const { [key]: value } = (data ?? {}) as Readonly<Record<string, string>>;
  return value === undefined ? undefined : Buffer.from(value, "base64").toString();
}

/** Whoever deletes a connection Secret expects this; whoever restored a backup without it has to be told. */
function keyChanged(
  client: string,
  secret: string,
  isRotated: boolean,
  previousKeys: readonly PreviousKey[],
): EventNote {
  const { expires } = previousKeys.find((previous) => previous.client === client) ?? {};
  const old = expires === undefined ? "the old one is refused" : `the old one is valid until ${expires}`;
  const why = isRotated ? `Secret ${secret} was asked for another key` : `Secret ${secret} was missing`;
  const reason = isRotated ? "KeyRotated" : "KeyGenerated";
  return { type: "Normal", reason, message: `${why}: client ${client} has a new key, ${old}` };
}
