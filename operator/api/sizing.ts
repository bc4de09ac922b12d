import { canonicalQuantity, smallerQuantity } from "../runtime/quantity.ts";
import type { Resources } from "./pod.ts";
import type { DeploymentSpec } from "./spec.ts";

export type Scaling = {
  /** The number of pods without autoscaling, the minimum with it. */
  readonly min: number;
  readonly max: number;
  readonly autoscaled: boolean;
};

/** The scaling table of the Enterprise Deployment Guide; VeryHigh says "10+", the upper end is its HPA's times two. */
const loadLevels = {
  Low: { min: 2, max: 4, limits: { cpu: "1", memory: "1Gi" } },
  Medium: { min: 3, max: 5, limits: { cpu: "2", memory: "2Gi" } },
  High: { min: 5, max: 10, limits: { cpu: "4", memory: "4Gi" } },
  VeryHigh: { min: 10, max: 40, limits: { cpu: "8", memory: "8Gi" } },
} as const;

/** The guide's HPA is 3 to 20; its compose file reserves 250m and 512 MiB, and allows 500m and 1 GiB. */
const profiles = {
  Development: { min: 1, max: 3, requests: { cpu: "25m", memory: "96Mi" }, limits: { cpu: "500m", memory: "384Mi" } },
  Staging: { min: 2, max: 6, requests: { cpu: "100m", memory: "256Mi" }, limits: { cpu: "500m", memory: "512Mi" } },
  Production: { min: 3, max: 20, requests: { cpu: "250m", memory: "512Mi" }, limits: { cpu: "500m", memory: "1Gi" } },
} as const;

const bridgeLimits = { cpu: "1", memory: "512Mi" } as const;

/** The number of server pods: from the spec, else from the load level, else from the profile. */
export function serverScaling(spec: DeploymentSpec): Scaling {
  const { autoscaling, replicas } = spec.server;
  const bounds = spec.loadLevel ? loadLevels[spec.loadLevel] : profiles[spec.profile];
  const autoscaled =
    replicas !== 0 && (autoscaling.mode === "Auto" ? spec.profile !== "Development" : autoscaling.mode === "Enabled");
  const given = (autoscaled ? autoscaling.minReplicas : undefined) ?? replicas;
  const most = autoscaled ? autoscaling.maxReplicas : undefined;
  const min = given ?? Math.min(bounds.min, most ?? bounds.min);
  return { min, max: Math.max(min, most ?? bounds.max), autoscaled };
}

/** CPU and memory of a server pod. A load level requests a quarter of its limits, like the guide's compose file. */
export function serverResources(spec: DeploymentSpec): PodResources {
  const { requests, limits } = profiles[spec.profile];
  const level = spec.loadLevel && loadLevels[spec.loadLevel].limits;
  return merged(level ? { requests: quarter(level), limits: level } : { requests, limits }, spec.server.resources);
}

/** CPU and memory of the bridge: Telegram takes 30 messages a second, so it stays small at every load level. */
export function bridgeResources(spec: DeploymentSpec): PodResources {
  return merged({ requests: profiles[spec.profile].requests, limits: bridgeLimits }, spec.bridge.resources);
}

const quarter = (limits: { cpu: string; memory: string }) => ({
  cpu: canonicalQuantity(`${Number(limits.cpu) * 250}m`),
  memory: canonicalQuantity(`${Number.parseInt(limits.memory, 10) * 256}Mi`),
});

type List = Readonly<Record<string, string>>;

/** Requests and limits of one container, as the API server stores them. */
export type PodResources = { readonly requests: List; readonly limits: List };

/** Adapts defaults to the given values, so that no request is above its limit: the API server would refuse the pod. */
function merged(base: PodResources, override: Resources | undefined): PodResources {
  const asked = { requests: given(override?.requests), limits: given(override?.limits) };
  const limits = { ...mapped(base.limits, (value, name) => larger(value, asked.requests[name])), ...asked.limits };
  const requests = { ...mapped(base.requests, (value, name) => smaller(value, limits[name])), ...asked.requests };
  return { requests: canonical(requests), limits: canonical(limits) };
}

const smaller = (value: string, other = value) => smallerQuantity(value, other);
const larger = (value: string, other = value) => (smallerQuantity(value, other) === value ? other : value);

const canonical = (list: List) => mapped(list, canonicalQuantity);

const given = (list: Resources["limits"] = {}): List =>
  Object.fromEntries(
    Object.entries(list)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );

const mapped = (list: List, change: (value: string, name: string) => string): List =>
  Object.fromEntries(Object.entries(list).map(([name, value]) => [name, change(value, name)]));
