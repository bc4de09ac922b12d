import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { serverDeployment, serverPods } from "../../../../operator/deployment/desired/server-deployment.ts";
import { differences, hashOf, revisionIn, templateOn } from "../../../../operator/deployment/rollout/template.ts";
import { arbitraryBlueprint, blueprint, specOf } from "../support/blueprint.ts";

const podsOf = (spec: object, fields: Parameters<typeof blueprint>[1] = {}) =>
  serverPods(blueprint(specOf(spec), fields));

describe("what makes a revision", () => {
  test("is not its track, a restart, a rotation of the secret or the number of pods", () => {
    const one = podsOf({ server: { replicas: 2 } });
    const other = podsOf(
      { server: { replicas: 5 } },
      { restartedAt: "2026-01-01T00:00:00Z", hmac: { current: "d".repeat(64) } },
    );
    const onTrack = templateOn(one, { "cctelegram.io/track": "green" }, other);
    expect([hashOf(other), hashOf(onTrack)]).toEqual([hashOf(one), hashOf(one)]);
    expect(hashOf(podsOf({ version: "2.0.0" }))).not.toBe(hashOf(one));
  });

  test("survives being stored and written again, whatever the spec says", () => {
    fc.assert(
      fc.property(arbitraryBlueprint, (given) => {
        const pods = serverPods(given);
        const stored = JSON.parse(JSON.stringify(revisionIn(pods)));
        expect(hashOf(stored)).toBe(hashOf(pods));
        expect(JSON.parse(JSON.stringify(templateOn(stored, {}, pods)))).toEqual(JSON.parse(JSON.stringify(pods)));
      }),
      { numRuns: 50 },
    );
  });
});

test("a Deployment says which revision it was written for", () => {
  const { object } = serverDeployment(blueprint(specOf()));
  expect(object.metadata.annotations).toMatchObject({
    "cctelegram.io/revision": "1",
    "cctelegram.io/template": expect.stringMatching(/^[0-9a-f]{16}$/),
  });
});

describe("differences", () => {
  test.each([
    { to: { version: "2.0.0" }, shown: "image" },
    { to: { server: { logLevel: "debug" } }, shown: "env LOG_LEVEL" },
    { to: { server: { resources: { limits: { memory: "2Gi" } } } }, shown: "resources.limits.memory" },
    { to: { server: { podTemplate: { labels: { team: "blue" } } } }, shown: "labels team" },
    { to: { server: { podTemplate: { nodeSelector: { disk: "ssd" } } } }, shown: "nodeSelector" },
    { to: { server: { env: [{ name: "PROXY", value: "x" }] } }, shown: "env PROXY" },
    { to: {}, shown: "" },
  ])("names $shown", ({ to, shown }) => {
    expect(differences(podsOf({}), podsOf(to))).toBe(shown);
  });

  test("names a few of many", () => {
    const env = Array.from({ length: 20 }, (_, index) => ({ name: `NAME_${index}`, value: "x" }));
    expect(differences(podsOf({}), podsOf({ server: { env } }))).toMatch(
      /^(env NAME_\d+, ){5}env NAME_\d+ and others$/,
    );
  });
});
