import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { cachedChild } from "../../../../operator/deployment/cache/cached-objects.ts";
import { createSecretMetrics } from "../../../../operator/deployment/secrets/metrics.ts";
import { notesOf } from "../../../../operator/deployment/secrets/notes.ts";

const secret = (values: Record<string, string>, annotations: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: "tools", name: "team-hmac", annotations },
  data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
});

const told = (before: ReturnType<typeof secret> | undefined, after: ReturnType<typeof secret>) =>
  notesOf(after, before && cachedChild("Secret")(before), { client: undefined, previousKeys: [] }).map(
    ({ reason, message }) => `${reason}: ${message}`,
  );

const rotate = { "cctelegram.io/rotate": "now" };

test.each([
  {
    what: "a schedule asks for another value",
    before: secret({ secret: "one" }),
    after: secret({ secret: "one", next: "two" }),
    notes: [
      "RotationDue: Secret team-hmac is due for another value by its schedule: it is used as soon as all who read it know it",
    ],
  },
  {
    what: "a person asks for it, who knows",
    before: secret({ secret: "one" }, rotate),
    after: secret({ secret: "one", next: "two" }, rotate),
    notes: [],
  },
  {
    what: "the time of the next one is known",
    before: secret({ secret: "one", next: "two" }),
    after: secret({ secret: "one", next: "two" }, { "cctelegram.io/next-key-at": "2026-01-01T00:00:00Z" }),
    notes: [],
  },
  {
    what: "it has taken its place",
    before: secret({ secret: "one", next: "two" }, rotate),
    after: secret({ secret: "two", previous: "one" }, rotate),
    notes: ["SecretRotated: Secret team-hmac has another value, and the one of before counts for a while"],
  },
  {
    what: "a password has been replaced",
    before: secret({ password: "one", next: "two" }),
    after: secret({ password: "two" }),
    notes: ["SecretRotated: Secret team-hmac has another value, and the one of before counts no longer"],
  },
  { what: "it is made", before: undefined, after: secret({ secret: "one" }), notes: [] },
])("when $what, people are told that and nothing else", ({ before, after, notes }) => {
  expect(told(before, after)).toEqual(notes);
});

test("the metric of overdue rotations is there with a schedule only, and goes with its resource", async () => {
  const registry = new Registry();
  const metrics = createSecretMetrics(registry);
  const team = { namespace: "tools", name: "team" };
  const nowMs = Date.parse("2026-03-10T00:00:00Z");
  const report = (rotates?: string) =>
    metrics.report(team, { ages: [{ name: "team-hmac", ...(rotates ? { rotates } : {}) }], ownKeys: new Map(), nowMs });
  const shown = async () =>
    (await registry.metrics()).split("\n").filter((line) => line.startsWith("cctelegram_secret_rotation_overdue{"));
  report();
  expect(await shown()).toEqual([]);
  const series = 'cctelegram_secret_rotation_overdue{namespace="tools",cctelegram="team"}';
  report("2026-03-09T12:00:00Z");
  expect(await shown()).toEqual([`${series} 0`]);
  report("2026-03-09T00:00:00Z");
  expect(await shown()).toEqual([`${series} 1`]);
  metrics.forget(team);
  expect(await shown()).toEqual([]);
});
