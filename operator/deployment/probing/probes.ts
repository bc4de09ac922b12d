import type { Clock } from "../../runtime/clock.ts";
import type { ObjectKey } from "../../runtime/controller.ts";
import type { PlainFetch } from "../../runtime/plain-http.ts";
import type { Cluster } from "../cache/cluster.ts";
import { type ExposureProbe, type ExposureTarget, exposureReading } from "../exposure/probe.ts";
import { livePods } from "../pods/pods.ts";
import { type MetricsTarget, metricsProbe, metricsReading } from "../rollout/analysis/probe.ts";
import { previewProbe, previewReading } from "../rollout/preview-probe.ts";
import { servingDeployment } from "../rollout/tracks.ts";
import type { Settings } from "../settings.ts";
import { httpProbe, type ServerPod } from "./http-probe.ts";
import { type ProbeResult, partsReading, type Target } from "./parts-probe.ts";
import { ProbeSchedule } from "./probe-schedule.ts";

type Parts = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: PlainFetch;
  readonly lookFromOutside: (target: ExposureTarget) => Promise<ExposureProbe>;
  readonly settings: Pick<Settings, "trialEveryMs">;
};

/** Two calls each time: less than half of what a key may send by default. */
const trialEveryMs = 2_500;

const paceOf = ({ trialEveryMs: ms = trialEveryMs }: Parts["settings"]) => ({ intervalMs: ms, retryMs: ms });

/** One schedule probes server and bridge through their Services, one the public address, one versions that are tried. */
export function probesOf(parts: Parts, cluster: Cluster, enqueue: (key: ObjectKey) => void) {
  const { clock, random } = parts;
  const onChange = ({ namespace, name }: ObjectKey) => enqueue({ namespace, name });
  const before = (uid: string): ProbeResult | undefined => probes.result(uid);
  const podsOf = (target: Target) => readyServers(cluster, target);
  const probe = httpProbe({ fetch: parts.fetch, now: clock.now, podsOf, before });
  const probes: ProbeSchedule<Target, ProbeResult> = new ProbeSchedule({
    ...partsReading,
    probe,
    onChange,
    clock,
    random,
  });
  const outside = { probe: parts.lookFromOutside, keepsResults: false };
  const exposureProbes = new ProbeSchedule({ ...exposureReading, ...outside, onChange, clock, random });
  const pace = paceOf(parts.settings);
  const tries = previewProbe({ fetch: parts.fetch, now: clock.now });
  const previews = new ProbeSchedule({ ...previewReading, ...pace, probe: tries.probe, onChange, clock, random });
  const measures = measuresOf(parts, cluster, onChange);
  const schedules = { probes, exposureProbes, previews, measures };
  return {
    schedules,
    forget: (uid: string) => {
      for (const schedule of Object.values(schedules)) schedule.forget(uid);
      tries.forget(uid);
    },
    stop: () => {
      for (const schedule of Object.values(schedules)) schedule.stop();
    },
  };
}

/** Reads the metrics of versions that are tried, or could still give way. */
function measuresOf({ fetch, clock, random, settings }: Parts, cluster: Cluster, onChange: (key: ObjectKey) => void) {
  const podsOf = ({ namespace, name, deployment }: MetricsTarget) =>
    readyPods(cluster, { namespace, name }, deployment);
  const { probe, forget } = metricsProbe({ fetch, now: clock.now, podsOf });
  const schedule = new ProbeSchedule({ ...metricsReading, ...paceOf(settings), probe, onChange, clock, random });
  return {
    result: (uid: string) => schedule.result(uid),
    track: (target: MetricsTarget) => schedule.track(target),
    /** Who is asked again later begins anew. */
    forget: (uid: string) => {
      schedule.forget(uid);
      forget(uid);
    },
    stop: () => schedule.stop(),
  };
}

/** The server pods that the Service leads to. */
const readyServers = (cluster: Cluster, { namespace, name }: Target) =>
  readyPods(
    cluster,
    { namespace, name },
    servingDeployment(name, cluster.resources.get(namespace, name)?.status.rollout),
  );

function readyPods(cluster: Cluster, { namespace, name }: ObjectKey, deployment: string): ServerPod[] {
  const pods = livePods(cluster.podsOf(namespace, name, "mcp-server"), deployment);
  return pods.flatMap(({ uid, ready, address }) => (ready && address !== undefined ? [{ uid, address }] : []));
}
