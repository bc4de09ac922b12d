import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { progress } from "../../machine/progress.mjs";
import { DEFAULT_NAME, down, find } from "./cluster.ts";
import { damage, type NodeCount, readState } from "./cluster-state.ts";
import { clusterFolders, stateRoot } from "./folders.ts";
import { isAlive } from "./process-identity.ts";
import { Processes } from "./processes.ts";
import { upGuarded } from "./with-cluster.ts";

const USAGE = `Usage: npm run cluster -- COMMAND [--name NAME]

  up [--nodes 0|1|2] [--reuse]   start a cluster (default: 1 node); 0 is a control plane, which needs no root
  down                           end it and remove everything that it made
  status                         all clusters, or with --name the processes of one
  kubeconfig                     print the path of the kubeconfig
  load IMAGE...                  put images that were built here on every node
`;

type Options = { readonly name: string; readonly nodes: NodeCount; readonly reuse: boolean; readonly named: boolean };

class UsageError extends Error {}

function nodeCount(text: string): NodeCount {
  const count = Number(text);
  if (count === 0 || count === 1 || count === 2) return count;
  throw new UsageError(`--nodes ${text}: a cluster has 0, 1 or 2 nodes`);
}

function running(name: string) {
  const cluster = find(name);
  if (!cluster) throw new Error(`there is no cluster "${name}": start it with "npm run cluster -- up --name ${name}"`);
  return cluster;
}

async function start({ name, nodes, reuse }: Options): Promise<void> {
  const { cluster, release } = await upGuarded({ name, nodes, reuse });
  release();
  console.log(`Cluster "${name}" is ready at ${cluster.server}\n\n  export KUBECONFIG=${cluster.kubeconfig}`);
}

async function status({ name, named }: Options): Promise<void> {
  if (named) return describe(name);
  const names = clusterNames();
  if (names.length === 0) console.log("no clusters");
  for (const each of names) await summarize(each);
}

function clusterNames(): string[] {
  try {
    const entries = readdirSync(stateRoot(process.env, process.getuid?.() ?? -1), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.endsWith("-failed-logs"))
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

async function summarize(name: string): Promise<void> {
  const folders = clusterFolders(name);
  const state = readState(folders);
  const problem = await damage(folders);
  const where = state?.ready?.server ?? "no server";
  console.log(
    `${name}: ${state?.nodes ?? "?"} nodes, ${where}, ${problem === undefined ? "healthy" : `broken: ${problem}`}`,
  );
}

async function describe(name: string): Promise<void> {
  const folders = clusterFolders(name);
  if (!readState(folders)) return console.log(`${name}: none`);
  await summarize(name);
  const processes = new Processes(folders.processes, folders.logs);
  for (const record of processes.list()) {
    console.log(
      `  ${record.name.padEnd(26)} ${isAlive(record) ? `pid ${record.pid}` : "stopped"}  ${processes.log(record.name)}`,
    );
  }
}

async function load({ name }: Options, images: readonly string[]): Promise<void> {
  if (images.length === 0) throw new UsageError("load: which image? Such as cctelegram/server:dev");
  const cluster = running(name);
  for (const image of images) await progress.step(`load ${image}`, () => cluster.load(image));
}

const COMMANDS: Readonly<Record<string, (options: Options, rest: readonly string[]) => Promise<void>>> = {
  up: start,
  down: ({ name }) => progress.step(`take cluster "${name}" down`, () => down(name)),
  status,
  kubeconfig: async ({ name }) => console.log(running(name).kubeconfig),
  load,
};

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      name: { type: "string" },
      nodes: { type: "string", default: "1" },
      reuse: { type: "boolean", default: false },
    },
  });
  const [command = "", ...rest] = positionals;
  const action = COMMANDS[command];
  if (!action) throw new UsageError(command === "" ? "which command?" : `there is no command "${command}"`);
  const name = values.name ?? DEFAULT_NAME;
  await action({ name, nodes: nodeCount(values.nodes), reuse: values.reuse, named: values.name !== undefined }, rest);
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
