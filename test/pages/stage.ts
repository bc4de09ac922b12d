import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { dump, load } from "js-yaml";
import { inject } from "vitest";
import { program } from "../../e2e/cluster/programs.ts";
import { World } from "../operator/deployment/support/world.ts";
import type { PageName } from "./blocks.ts";

const root = join(import.meta.dirname, "../..");

export type Ended = { readonly code: number | null; readonly stdout: string; readonly output: string };

/** Where the commands of one page run: a namespace with an operator, and a folder that looks like a checkout. */
export type Stage = {
  readonly world: World;
  readonly folder: string;
  /** A text of the page, with the namespace of this stage instead of the page's. */
  here(text: string): string;
  run(command: string, env?: Readonly<Record<string, string>>): Promise<Ended>;
  close(): Promise<void>;
};

/** The namespaces of the pages, where they are named as such: the plugin has the same name. */
const namespaces =
  /((?:-n|--namespace|namespace:?|in|\/namespaces\/|\/backup\/) *)(?:cctelegram(?:-(?:development|staging|production))?|notes)(?=$|[\s/:.])/gm;

export async function openStage(page: PageName): Promise<Stage> {
  const [world, folder] = await Promise.all([
    World.create(`page-${page}`),
    mkdtemp(join(tmpdir(), `cctelegram-${page}-`)),
  ]);
  const here = (words: string) => words.replace(namespaces, `$1${world.namespace}`);
  await layOut(folder, here);
  const env = await environment(folder, world.namespace);
  world.kubelet.start();
  return {
    world,
    folder,
    here,
    run: (command, more = {}) => bash(here(command), folder, { ...env, ...more }),
    async close() {
      await world.dispose();
      await rm(folder, { recursive: true });
    },
  };
}

/** Runs FILE of `node setup.mjs run FILE`, in this folder and with the packages that are there: setup would install others. */
const setup = `const [node, , , file, ...words] = process.argv;
process.argv = [node, file, ...words];
await import(new URL(file, import.meta.url).href);
`;

/** The files of the project. Only the examples are copies: they name the namespace, and `promote` writes into them. */
async function layOut(folder: string, here: (text: string) => string): Promise<void> {
  const own = ["examples", "setup.mjs", ".git"];
  // The plugin is built while its page is on.
  const linked = new Set([...(await readdir(root)).filter((name) => !own.includes(name)), "dist"]);
  await Promise.all([...linked].map((name) => symlink(join(root, name), join(folder, name))));
  await writeFile(join(folder, "setup.mjs"), setup);
  await cp(join(root, "examples"), join(folder, "examples"), { recursive: true });
  const examples = await readdir(join(folder, "examples"), { recursive: true, withFileTypes: true });
  for (const entry of examples.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    await writeFile(path, here(await readFile(path, "utf8")));
  }
}

type Kubeconfig = { readonly contexts: readonly { readonly context: object }[] };

/** kubectl finds the control plane by itself, and in its namespace; npm installs programs for all into the folder. */
async function environment(folder: string, namespace: string): Promise<Record<string, string>> {
  const config = load(await readFile(inject("kubeconfig"), "utf8")) as Kubeconfig;
  const contexts = config.contexts.map((each) => ({ ...each, context: { ...each.context, namespace } }));
  await writeFile(join(folder, "kubeconfig"), dump({ ...config, contexts }), { mode: 0o600 });
  const path = [join(folder, "bin"), dirname(await program("kubectl")), dirname(process.execPath), process.env.PATH];
  return {
    PATH: path.join(delimiter),
    HOME: folder,
    KUBECONFIG: join(folder, "kubeconfig"),
    npm_config_prefix: folder,
    npm_config_offline: "true",
    npm_config_cache: join(folder, ".npm"),
    npm_config_update_notifier: "false",
  };
}

/** Less than a test has: what does not end is named by its failure. */
const patienceMs = 100_000;

/** Runs a script, which ends at its first failure. */
export async function bash(command: string, cwd: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn("bash", ["-euo", "pipefail", "-c", command], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: patienceMs,
    killSignal: "SIGKILL",
  });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  child.once("exit", (_code, signal) => {
    if (signal === null) return;
    printed.stderr += `\nnot at its end after ${patienceMs / 1_000} s: ${command}`;
    // What the script has started keeps them open.
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  });
  const [code] = await once(child, "close");
  return { code, stdout: printed.stdout, output: printed.stdout + printed.stderr };
}
