import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { freePorts } from "../e2e/cluster/free-ports.ts";
import { waitFor } from "../e2e/cluster/wait.ts";
import { environmentOf, nodeArguments } from "../images/image-definition.ts";
import { Metrics } from "./metrics.ts";
import { cpuSecondsOf, memoryOf } from "./process-usage.ts";

export type OperatorOptions = {
  readonly kubeconfig: string;
  /** The bundle. */
  readonly main: string;
  readonly log: string;
  /** Besides those with which the image starts it, for profiles. */
  readonly nodeArgs: readonly string[];
};

const resolvePods = new URL("resolve-pods.mjs", import.meta.url).href;

/** The bundled operator as a process of its own, outside the cluster, alone (no leader election). */
export class OperatorProcess {
  readonly startedAt: number;
  readonly #child: ChildProcess;
  readonly #ports: readonly number[];
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, ports: readonly number[], startedAt: number) {
    this.#child = child;
    this.#ports = ports;
    this.startedAt = startedAt;
    this.#ended = new Promise((resolve) => child.once("exit", resolve));
  }

  static async start(options: OperatorOptions): Promise<OperatorProcess> {
    const ports = await freePorts(2);
    const log = openSync(options.log, "a");
    const startedAt = Date.now();
    const args = [...nodeArguments("operator"), "--import", resolvePods, ...options.nodeArgs, options.main];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", log, log],
      env: {
        PATH: process.env.PATH,
        ...environmentOf("operator"),
        KUBECONFIG: options.kubeconfig,
        SERVER_IMAGE: "cctelegram/server:bench",
        POD_NAMESPACE: "cctelegram-operator",
        LEADER_ELECTION: "false",
        LOG_LEVEL: "info",
        HEALTH_PORT: String(ports[0]),
        METRICS_PORT: String(ports[1]),
      },
    });
    closeSync(log);
    const kill = () => child.kill();
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    const operator = new OperatorProcess(child, ports, startedAt);
    await waitFor(() => operator.#ready(), { what: `the operator (log: ${options.log})`, timeoutMs: 60_000 });
    return operator;
  }

  /** CPU seconds used so far, all threads. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid);
  }

  /** Resident memory, MiB. */
  rss(): number {
    return memoryOf(this.#child.pid, "VmRSS");
  }

  /** The most it ever had. */
  peakRss(): number {
    return memoryOf(this.#child.pid, "VmHWM");
  }

  async metrics(): Promise<Metrics> {
    const response = await fetch(`http://127.0.0.1:${this.#ports[1]}/metrics`);
    return new Metrics(await response.text());
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    await this.#ended;
  }

  async #ready(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error("the operator ended as soon as it began");
    try {
      return (await fetch(`http://127.0.0.1:${this.#ports[0]}/readyz`)).ok;
    } catch {
      return false;
    }
  }
}
