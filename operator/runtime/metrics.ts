import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What a work queue can say about itself when it is scraped. */
type QueueProbe = () => { unfinishedSeconds: number; longestRunningSeconds: number };

export type Metrics = ReturnType<typeof createMetrics>;

/** The bounds of controller-runtime's reconcile histogram, in seconds, so that its dashboards fit. */
const reconcileBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];

const queueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

/**
 * All series of the runtime, under the names of client-go and controller-runtime where those have one.
 *
 * @example
 * ```ts
 * const metrics = createMetrics();
 * await metrics.registry.metrics(); // the text that Prometheus reads
 * ```
 */
export function createMetrics(registry: Registry = new Registry()) {
  return {
    registry,
    ...clientMetrics(registry),
    ...reflectorMetrics(registry),
    ...queueMetrics(registry),
    ...controllerMetrics(registry),
    leaderElectionMasterStatus: new Gauge({
      name: "leader_election_master_status",
      help: "1 while this process holds the lease, else 0.",
      labelNames: ["name"] as const,
      registers: [registry],
    }),
    events: new Counter({
      name: "event_recorder_events_total",
      help: "Kubernetes events by outcome.",
      labelNames: ["outcome"] as const,
      registers: [registry],
    }),
    applies: new Counter({
      name: "applier_applies_total",
      help: "Server-side applies by outcome; unchanged ones sent no request.",
      labelNames: ["outcome"] as const,
      registers: [registry],
    }),
  };
}

function clientMetrics(registry: Registry) {
  return {
    restClientRequests: new Counter({
      name: "rest_client_requests_total",
      help: "Requests to the API server by method and status code; <error> means no answer.",
      labelNames: ["method", "code"] as const,
      registers: [registry],
    }),
  };
}

function reflectorMetrics(registry: Registry) {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  return {
    reflectorLists: counter("reflector_lists_total", "Full lists, by resource.", ["resource"] as const),
    reflectorWatches: counter("reflector_watches_total", "Watches opened, by resource.", ["resource"] as const),
    reflectorWatchStalls: counter("reflector_watch_stalls_total", "Watches given up because nothing came.", [
      "resource",
    ] as const),
    reflectorErrors: counter("reflector_errors_total", "Errors of lists, watches and handlers.", [
      "resource",
      "kind",
    ] as const),
  };
}

function queueMetrics(registry: Registry) {
  const probes = new Map<string, QueueProbe>();
  const labelNames = ["name"] as const;
  const registers = [registry];
  const probed = (name: string, help: string, field: keyof ReturnType<QueueProbe>) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const [queue, probe] of probes) this.set({ name: queue }, probe()[field]);
      },
    });
  return {
    /** Lets a queue be asked at scrape time. */
    probeQueue: (name: string, probe: QueueProbe) => void probes.set(name, probe),
    queueDepth: new Gauge({ name: "workqueue_depth", help: "Keys waiting.", labelNames, registers }),
    queueAdds: new Counter({ name: "workqueue_adds_total", help: "Keys added.", labelNames, registers }),
    queueRetries: new Counter({
      name: "workqueue_retries_total",
      help: "Keys added again after a failure.",
      labelNames,
      registers,
    }),
    queueDuration: new Histogram({
      name: "workqueue_queue_duration_seconds",
      help: "How long a key waits.",
      labelNames,
      registers,
      buckets: queueBuckets,
    }),
    queueWorkDuration: new Histogram({
      name: "workqueue_work_duration_seconds",
      help: "How long work on a key takes.",
      labelNames,
      registers,
      buckets: queueBuckets,
    }),
    queueUnfinished: probed("workqueue_unfinished_work_seconds", "Work in progress, summed.", "unfinishedSeconds"),
    queueLongestRunning: probed(
      "workqueue_longest_running_processor_seconds",
      "The oldest work in progress.",
      "longestRunningSeconds",
    ),
  };
}

function controllerMetrics(registry: Registry) {
  const labelNames = ["controller"] as const;
  const registers = [registry];
  return {
    reconciles: new Counter({
      name: "controller_runtime_reconcile_total",
      help: "Reconciles by result.",
      labelNames: ["controller", "result"] as const,
      registers,
    }),
    reconcileErrors: new Counter({
      name: "controller_runtime_reconcile_errors_total",
      help: "Reconciles that failed.",
      labelNames,
      registers,
    }),
    reconcileTime: new Histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "How long a reconcile takes.",
      labelNames,
      registers,
      buckets: reconcileBuckets,
    }),
    activeWorkers: new Gauge({
      name: "controller_runtime_active_workers",
      help: "Reconciles in progress.",
      labelNames,
      registers,
    }),
    maxConcurrentReconciles: new Gauge({
      name: "controller_runtime_max_concurrent_reconciles",
      help: "Maximum number of concurrent reconciles.",
      labelNames,
      registers,
    }),
  };
}

/** The kinds of reflector errors, as the label of `reflector_errors_total`. */
export type ReflectorErrorKind = (typeof reflectorErrorKinds)[number];

const reflectorErrorKinds = ["list", "watch", "malformed", "reduce", "handler"] as const;

/**
 * Makes the series of a reflector start at zero, so that the first error is a rise that an alert sees.
 *
 * @example
 * ```ts
 * initialiseReflectorMetrics(metrics, "deployments.apps");
 * ```
 */
export function initialiseReflectorMetrics(
  metrics: Pick<Metrics, "reflectorLists" | "reflectorWatches" | "reflectorWatchStalls" | "reflectorErrors">,
  resource: string,
): void {
  metrics.reflectorLists.inc({ resource }, 0);
  metrics.reflectorWatches.inc({ resource }, 0);
  metrics.reflectorWatchStalls.inc({ resource }, 0);
  for (const kind of reflectorErrorKinds) metrics.reflectorErrors.inc({ resource, kind }, 0);
}
