import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Api } from "./api.ts";
import type { Folders } from "./folders.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";
import { Processes } from "./processes.ts";

export type NodeCount = 0 | 1 | 2;

/** What is known about a cluster, written to disk before anything is created. */
export type ClusterState = {
  readonly name: string;
  readonly nodes: NodeCount;
  /** The program that started the cluster: while it runs, no other program may replace the cluster. */
  readonly owner: ProcessIdentity;
  /** Set once the cluster was ready. */
  readonly ready?: {
    readonly server: string;
    /** The machine's address as pods see it; only with nodes. */
    readonly host?: string;
  };
};

export function readState(folders: Folders): ClusterState | undefined {
  if (!existsSync(folders.state)) return undefined;
  return JSON.parse(readFileSync(folders.state, "utf8")) as ClusterState;
}

export function writeState(folders: Folders, state: ClusterState): void {
  mkdirSync(folders.root, { recursive: true, mode: 0o755 });
  const parent = dirname(folders.root);
  // In a shared temporary folder somebody else may have created it first, and would own our certificates.
  if (statSync(parent).uid !== process.getuid?.())
    throw new Error(`${parent} belongs to another user: set CCTELEGRAM_STATE`);
  writeFileSync(`${folders.state}.new`, JSON.stringify(state, null, 2));
  renameSync(`${folders.state}.new`, folders.state);
}

/** Why the cluster cannot be used as it is; undefined when it can. */
export async function damage(folders: Folders): Promise<string | undefined> {
  const state = readState(folders);
  if (!state?.ready) return "it never became ready";
  const dead = new Processes(folders.processes, folders.logs).list().filter((record) => !isAlive(record));
  if (dead.length > 0) return `${dead.map(({ name }) => name).join(", ")} stopped`;
  const api = new Api(state.ready.server, folders.pki, "admin");
  const answers = await api.isReady();
  api.close();
  return answers ? undefined : "its API server does not answer";
}
