import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bridgeResources, serverResources, serverScaling } from "../../../operator/api/sizing.ts";
import { deploymentSpec } from "../../../operator/api/spec.ts";
import { smallerQuantity } from "../../../operator/runtime/quantity.ts";
import { arbitrarySpec } from "../deployment/support/arbitrary-spec.ts";

const specOf = (fields: object) =>
  deploymentSpec.parse({ telegram: { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1] }, ...fields });

describe("the scaling table of the Enterprise Deployment Guide", () => {
  test.each([
    {
      loadLevel: "Low",
      min: 2,
      max: 4,
      limits: { cpu: "1", memory: "1Gi" },
      requests: { cpu: "250m", memory: "256Mi" },
    },
    {
      loadLevel: "Medium",
      min: 3,
      max: 5,
      limits: { cpu: "2", memory: "2Gi" },
      requests: { cpu: "500m", memory: "512Mi" },
    },
    { loadLevel: "High", min: 5, max: 10, limits: { cpu: "4", memory: "4Gi" }, requests: { cpu: "1", memory: "1Gi" } },
    {
      loadLevel: "VeryHigh",
      min: 10,
      max: 40,
      limits: { cpu: "8", memory: "8Gi" },
      requests: { cpu: "2", memory: "2Gi" },
    },
  ])("$loadLevel", ({ loadLevel, min, max, limits, requests }) => {
    const spec = specOf({ loadLevel });
    expect(serverScaling(spec)).toEqual({ min, max, autoscaled: true });
    expect(serverResources(spec)).toEqual({ limits, requests });
  });

  test.each([
    { profile: "Development", min: 1, max: 3, autoscaled: false },
    { profile: "Staging", min: 2, max: 6, autoscaled: true },
    { profile: "Production", min: 3, max: 20, autoscaled: true },
  ])("without a load level the profile $profile counts", ({ profile, ...scaling }) => {
    expect(serverScaling(specOf({ profile }))).toEqual(scaling);
  });

  test("the load level leaves the bridge as the profile sizes it", () => {
    expect(bridgeResources(specOf({ loadLevel: "VeryHigh" }))).toEqual(bridgeResources(specOf({})));
  });
});

describe("replicas", () => {
  test("are the lower bound while autoscaling is on", () => {
    expect(serverScaling(specOf({ server: { replicas: 7 } }))).toEqual({ min: 7, max: 20, autoscaled: true });
  });

  test("give way to an explicit minReplicas while autoscaling is on, and count when it is off", () => {
    const server = { replicas: 7, autoscaling: { minReplicas: 4 } };
    expect(serverScaling(specOf({ server })).min).toBe(4);
    const off = { ...server, autoscaling: { ...server.autoscaling, mode: "Disabled" } };
    expect(serverScaling(specOf({ server: off }))).toMatchObject({ min: 7, autoscaled: false });
  });

  test("of 0 stop the server: an autoscaler could not start it again", () => {
    const server = { replicas: 0, autoscaling: { mode: "Enabled" } };
    expect(serverScaling(specOf({ server }))).toMatchObject({ min: 0, autoscaled: false });
  });

  test("above the default upper bound raise it, because the API server refuses a minimum above the maximum", () => {
    expect(serverScaling(specOf({ server: { replicas: 50 } }))).toEqual({ min: 50, max: 50, autoscaled: true });
  });
});

describe("an upper bound that is given", () => {
  test("is kept: a default lower bound above it gives way", () => {
    expect(serverScaling(specOf({ server: { autoscaling: { maxReplicas: 2 } } }))).toMatchObject({ min: 2, max: 2 });
    const level = { loadLevel: "High", server: { autoscaling: { maxReplicas: 4 } } };
    expect(serverScaling(specOf(level))).toMatchObject({ min: 4, max: 4 });
  });

  test("does not count while autoscaling is off", () => {
    const server = { autoscaling: { mode: "Disabled", maxReplicas: 2 } };
    expect(serverScaling(specOf({ server })).min).toBe(3);
  });
});

describe("resources", () => {
  test("a request above the default limit takes the limit up with it", () => {
    const { requests, limits } = serverResources(specOf({ server: { resources: { requests: { cpu: 1 } } } }));
    expect(requests).toEqual({ cpu: "1", memory: "512Mi" });
    expect(limits).toEqual({ cpu: "1", memory: "1Gi" });
    expect(bridgeResources(specOf({ bridge: { resources: { requests: { memory: "2Gi" } } } })).limits.memory).toBe(
      "2Gi",
    );
  });

  test("a limit below the default request takes the request down with it", () => {
    const { requests, limits } = serverResources(specOf({ server: { resources: { limits: { memory: "64Mi" } } } }));
    expect(limits).toEqual({ cpu: "500m", memory: "64Mi" });
    expect(requests).toEqual({ cpu: "250m", memory: "64Mi" });
  });

  test("are written as the API server stores them", () => {
    const resources = { requests: { cpu: "0.5", memory: "512Mi" }, limits: { cpu: "1000m", memory: "2048Mi" } };
    expect(serverResources(specOf({ server: { resources } }))).toEqual({
      requests: { cpu: "500m", memory: "512Mi" },
      limits: { cpu: "1", memory: "2Gi" },
    });
  });

  test("requests never exceed limits unless both were given so, which the definition refuses", () => {
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        const pods = [
          { sized: serverResources(spec), own: spec.server.resources },
          { sized: bridgeResources(spec), own: spec.bridge.resources },
        ];
        for (const { sized, own } of pods) {
          for (const name of ["cpu", "memory"] as const) {
            if (own?.requests?.[name] !== undefined && own.limits?.[name] !== undefined) continue;
            const request = sized.requests[name] ?? "0";
            expect(smallerQuantity(request, sized.limits[name] ?? "0")).toBe(request);
          }
        }
      }),
    );
  });

  test("the bounds of the autoscaler are in order, whatever the spec says", () => {
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        const { min, max, autoscaled } = serverScaling(spec);
        expect(max).toBeGreaterThanOrEqual(min);
        const given = spec.server.autoscaling;
        if (autoscaled && given.maxReplicas !== undefined && (spec.server.replicas ?? 0) <= given.maxReplicas) {
          expect(max).toBe(given.maxReplicas);
        }
        if (autoscaled) expect(min).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
