import type { MeasureOptions, Report } from "./report.ts";
import { median } from "./workbench.ts";

/** What an operator needed until the children of all resources existed. */
export type Run = {
  readonly childrenEach: number;
  readonly seconds: number;
  /** Of the operator, from its start. */
  readonly cpuSeconds: number;
  /** Of the API server, meanwhile. */
  readonly apiServerCpu: number;
  /** MiB. */
  readonly peakRss: number;
  /** Writes and reads for each resource. */
  readonly requests: number;
  /** Milliseconds. */
  readonly reconcileP99: number;
};

export type PeerRun = Run & { readonly name: string };

/** The name that controller-runtime gave it, and our operator uses, too. */
export const reconcileTime = "controller_runtime_reconcile_time_seconds";

type Figure = {
  readonly name: string;
  readonly unit: string;
  readonly of: (run: Run) => number;
  /** The ratio that must not be exceeded. */
  readonly goal?: string;
};

/** One that makes the same children is compared as a whole. */
const ofTheSame: readonly Figure[] = [
  { name: "all children", unit: "s", of: ({ seconds }) => seconds, goal: "1.2" },
  { name: "operator CPU", unit: "s", of: ({ cpuSeconds }) => cpuSeconds, goal: "1.5" },
  { name: "API server CPU", unit: "s", of: ({ apiServerCpu }) => apiServerCpu, goal: "1.0" },
  { name: "peak RSS", unit: "MiB", of: ({ peakRss }) => peakRss },
  { name: "requests per resource", unit: "", of: ({ requests }) => requests },
  { name: "reconcile p99", unit: "ms", of: ({ reconcileP99 }) => reconcileP99 },
];

/** One that makes fewer children of a resource is compared by child in what each child costs. */
const ofOthers: readonly Figure[] = [
  { name: "a child of a resource", unit: "ms", of: (run) => (run.seconds / run.childrenEach) * 1000 },
  { name: "operator CPU per child of a resource", unit: "ms", of: (run) => (run.cpuSeconds / run.childrenEach) * 1000 },
  {
    name: "API server CPU per child of a resource",
    unit: "ms",
    of: (run) => (run.apiServerCpu / run.childrenEach) * 1000,
  },
  { name: "requests per child", unit: "", of: ({ requests, childrenEach }) => requests / childrenEach, goal: "1.0" },
  { name: "reconcile p99", unit: "ms", of: ({ reconcileP99 }) => reconcileP99, goal: "1.5" },
  { name: "peak RSS", unit: "MiB", of: ({ peakRss }) => peakRss, goal: "1.0" },
];

/** What each other operator needed in the same run beside what ours did. */
export function measureBeside(
  report: Report,
  title: (measure: string) => string,
  runs: readonly PeerRun[],
  own: Run,
): void {
  for (const name of new Set(runs.map((run) => run.name))) {
    const its = runs.filter((run) => run.name === name);
    const figures = its[0]?.childrenEach === own.childrenEach ? ofTheSame : ofOthers;
    for (const { name: figure, unit, of, goal } of figures) {
      const options: MeasureOptions = { reference: median(its.map(of)), ...(goal && { target: `ratio ${goal}` }) };
      report.measure(title(`${figure}, beside ${name}`), of(own), unit, options);
    }
  }
}
