import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Cluster } from "../e2e/cluster/cluster.ts";
import { freePorts } from "../e2e/cluster/free-ports.ts";
import { waitFor } from "../e2e/cluster/wait.ts";
import type { Client } from "../operator/runtime/client.ts";
import { Metrics } from "./metrics.ts";
import { cpuSecondsOf, memoryOf } from "./process-usage.ts";

/** An operator that others wrote, or that is written as they do, to be timed beside ours. */
export type Peer = {
  readonly name: string;
  /** By which the API server knows it: its user agent up to the first slash. */
  readonly agent: string;
  readonly program: string;
  /** Its resources, in the plural, as the audit log names them. */
  readonly resources: string;
  readonly childrenEach: number;
  readonly prepare: (cluster: Cluster) => Promise<unknown>;
  readonly create: (client: Client, name: string) => Promise<unknown>;
  readonly args: (given: PeerArguments) => readonly string[];
};

type PeerArguments = {
  readonly kubeconfig: string;
  /** Addresses of `/readyz` and of `/metrics`. */
  readonly probes: string;
  readonly metrics: string;
};

/** A peer as a process of its own, outside the cluster. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #metrics: string;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, metrics: string) {
    this.#child = child;
    this.#metrics = metrics;
    this.#ended = new Promise((resolve) => child.once("exit", resolve));
  }

  static async start(peer: Peer, { kubeconfig, log: path }: { kubeconfig: string; log: string }): Promise<PeerProcess> {
    const [probes, metrics] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`) as [string, string];
    const log = openSync(path, "a");
    const env = { PATH: process.env.PATH, KUBECONFIG: kubeconfig };
    const args = peer.args({ kubeconfig, probes, metrics });
    const child = spawn(peer.program, args, { stdio: ["ignore", log, log], env });
    closeSync(log);
    const kill = () => child.kill();
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    const started = new PeerProcess(child, metrics);
    const isReady = async () => {
      if (child.exitCode !== null) throw new Error(`${peer.name} ended as soon as it began (log: ${path})`);
      return fetch(`http://${probes}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await waitFor(isReady, { what: `${peer.name} (log: ${path})`, timeoutMs: 60_000 });
    return started;
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid);
  }

  /** The most that it ever had, MiB. */
  peakRss(): number {
    return memoryOf(this.#child.pid, "VmHWM");
  }

  async metrics(): Promise<Metrics> {
    return new Metrics(await (await fetch(`http://${this.#metrics}/metrics`)).text());
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
