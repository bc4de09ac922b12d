import { describe, expect, test } from "vitest";
import { type SecretAge, secretAges } from "../../../../operator/deployment/secrets/ages.ts";
import type { OwnKey } from "../../../../operator/deployment/secrets/own-keys.ts";
import { conditionsOf } from "../../../../operator/deployment/status/conditions/conditions.ts";
import { allProblemsOf } from "../../../../operator/deployment/status/problems.ts";
import { specOf } from "../support/blueprint.ts";
import { now, resource, secrets, snapshot } from "../support/snapshot.ts";

const dayMs = 86_400_000;
const inDays = (days: number) => new Date(Date.parse(now) + days * dayMs).toISOString();

type Client = { readonly name: string; readonly [field: string]: unknown };

/** What is said of a resource with these clients and ages. */
function judged(clients: readonly Client[], ages: readonly SecretAge[], own: readonly [string, OwnKey][] = []) {
  const spec = specOf({ server: { auth: { clients } }, bridge: { hmacRotationDays: 90 } });
  const one = snapshot({ resource: resource({ spec }), secrets: secrets({ ages, ownKeys: new Map(own) }) });
  const { status, reason, message } = conditionsOf(one, now).find(({ type }) => type === "SecretsCurrent")!;
  expect(allProblemsOf(one).map((problem) => problem.reason)).toEqual(status === "True" ? [] : [reason]);
  return { status, reason, message };
}

const claude = { name: "claude" };
const age = (fields: Partial<SecretAge> = {}): SecretAge => ({
  name: "team-connection-claude",
  client: "claude",
  ...fields,
});

describe("the condition SecretsCurrent", () => {
  test("holds while every key is usable and none ends soon", () => {
    expect(judged([claude], [age({ expires: inDays(8) })])).toMatchObject({ status: "True", reason: "Current" });
  });

  test("names the client and the day when its keys end within a week, and no number of days", () => {
    const { reason, message } = judged([claude], [age({ expires: inDays(7) }), age({ expires: inDays(5) })]);
    expect({ reason, message }).toEqual({
      reason: "KeyExpiresSoon",
      message: "the keys of client claude end on 2026-01-06: set a later expires for it, or remove the client",
    });
    expect(judged([claude], [age({ expires: inDays(0) })])).toMatchObject({ status: "False", reason: "KeyExpired" });
  });

  test("says nothing of a client that is switched off", () => {
    const off = { ...claude, access: "Disabled" };
    const own: [string, OwnKey] = ["claude", { ref: { name: "mine", key: "key" }, state: "SecretMissing" }];
    expect(judged([off], [age({ expires: inDays(-1) })], [own])).toMatchObject({ status: "True" });
  });

  test("fails when a value is a day older than its schedule allows", () => {
    const hmac = (days: number) => judged([], [{ name: "team-hmac", rotates: inDays(days) }]);
    expect(hmac(-0.5)).toMatchObject({ status: "True" });
    expect(hmac(-1)).toMatchObject({ status: "False", reason: "RotationOverdue" });
    expect(hmac(-1).message).toContain("Secret team-hmac should have a new value since 2025-12-31");
  });

  test.each<[OwnKey["state"], string, string]>([
    ["SecretMissing", "KeySecretNotFound", "kubectl -n tools create secret generic mine --from-literal=api=<key>"],
    ["KeyMissing", "KeyNotFound", "no value under api"],
    ["Unusable", "KeyUnusable", "it is shorter than 16 characters. Make one with openssl rand -hex 32"],
    ["Taken", "KeyTaken", "give each client a key of its own"],
  ])("says of a client's own key that is %s what to do", (state, reason, words) => {
    const own = { ref: { name: "mine", key: "api" }, state, problem: "it is shorter than 16 characters" } as OwnKey;
    const found = judged([{ ...claude, keySecretRef: { name: "mine", key: "api" } }], [], [["claude", own]]);
    expect(found).toMatchObject({ status: "False", reason, message: expect.stringContaining(words) });
    expect(found.message).toContain("Secret mine, which keySecretRef of client claude names,");
  });
});

test("the ages of all secrets are told, with the end of a client's keys and the day of the next rotation", () => {
  const spec = specOf({
    server: {
      auth: {
        clients: [
          { name: "claude", expires: "2027-01-31T12:00:00+02:00" },
          { name: "codex", keySecretRef: { name: "mine" } },
          { name: "new" },
        ],
        rotationDays: 90,
      },
    },
    monitoring: { dashboard: { mode: "Enabled" } },
  });
  const rotations: Record<string, object> = {
    "team-hmac": { createdAt: "2026-01-01T00:00:00Z" },
    "team-connection-claude": { createdAt: "2026-01-01T00:00:00Z", since: "2026-03-01T00:00:00Z" },
    "team-dashboard": { createdAt: "2026-01-01T00:00:00Z" },
  };
  expect(secretAges("team", spec, (name) => rotations[name])).toEqual([
    { name: "team-hmac", since: "2026-01-01T00:00:00Z" },
    {
      name: "team-connection-claude",
      client: "claude",
      since: "2026-03-01T00:00:00Z",
      rotates: "2026-05-30T00:00:00.000Z",
      expires: "2027-01-31T10:00:00.000Z",
    },
    { name: "mine", client: "codex" },
    { name: "team-dashboard", since: "2026-01-01T00:00:00Z" },
  ]);
});
