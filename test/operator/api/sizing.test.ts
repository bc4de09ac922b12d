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

  test("above the upper bound raise it, because the API server refuses a minimum above the maximum", () => {
    expect(serverScaling(specOf({ server: { replicas: 50 } }))).toEqual({ min: 50, max: 50, autoscaled: true });
  });
});

describe("resources", () => {
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

  test("default requests never exceed the limits, whatever the spec says", () => {
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        const pods = [
          { sized: serverResources(spec), own: spec.server.resources?.requests },
          { sized: bridgeResources(spec), own: spec.bridge.resources?.requests },
        ];
        for (const { sized, own } of pods) {
          for (const name of ["cpu", "memory"] as const) {
            const request = sized.requests[name] ?? "0";
            const limit = sized.limits[name] ?? request;
            if (own?.[name] === undefined) expect(smallerQuantity(request, limit)).toBe(request);
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
        if (autoscaled) expect(min).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
