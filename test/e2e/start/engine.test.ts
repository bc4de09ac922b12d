import { beforeEach, describe, expect, test } from "vitest";
import {
  availableEngines,
  buildInEngine,
  clusterExists,
  createCluster,
  deleteCluster,
  type Engine,
  type EngineName,
  KIND_CLUSTER,
  loadFromEngine,
} from "../../../e2e/start/engine.ts";
import type { CommandOptions } from "../../../machine/command.mjs";

/** Replacements for the commands of an engine and of kind: they remember what exists, and fail like the real ones. */
class Machine {
  readonly commands: string[] = [];
  readonly providers = new Set<string | undefined>();
  readonly clusters = new Set(["somebody-elses"]);
  readonly built = new Set<string>();
  readonly saved = new Map<string, string>();
  readonly loaded = new Set<string>();
  readonly #engines: readonly EngineName[];

  constructor(engines: readonly EngineName[]) {
    this.#engines = engines;
  }

  readonly execute = async (
    command: string,
    args: readonly string[],
    options: CommandOptions = {},
  ): Promise<string> => {
    this.commands.push([command, ...args].join(" "));
    if (command === "kind") return this.#kind(args, options);
    if (!this.#engines.some((engine) => engine === command)) throw new Error(`${command} cannot be run: ENOENT`);
    return this.#engine(args);
  };

  #engine(args: readonly string[]): string {
    const [verb = "", ...rest] = args;
    const option = (name: string) => rest[rest.indexOf(name) + 1] ?? "";
    if (verb === "build") this.built.add(option("--tag"));
    if (verb === "save") {
      const image = rest.at(-1) ?? "";
      if (!this.built.has(image)) throw new Error(`Error response from daemon: reference does not exist: ${image}`);
      this.saved.set(option("--output"), image);
    }
    return "";
  }

  #kind(args: readonly string[], { env }: CommandOptions): string {
    this.providers.add(env?.KIND_EXPERIMENTAL_PROVIDER);
    const [verb, noun] = args;
    const name = args[args.indexOf("--name") + 1] ?? "kind";
    if (verb === "get") return [...this.clusters].join("\n");
    if (verb === "delete") this.clusters.delete(name);
    if (verb === "create" && this.clusters.has(name)) {
      throw new Error(`ERROR: failed to create cluster: node(s) already exist for a cluster with the name "${name}"`);
    }
    if (verb === "create") this.clusters.add(name);
    if (verb === "load") {
      if (noun !== "image-archive" || !this.clusters.has(name))
        throw new Error(`ERROR: no nodes found for cluster "${name}"`);
      const image = this.saved.get(args[2] ?? "");
      if (image === undefined) throw new Error(`ERROR: ${args[2]}: no such file or directory`);
      this.loaded.add(image);
    }
    return "";
  }
}

describe.each(["docker", "podman"] as const)("a cluster in %s", (name) => {
  let machine: Machine;
  let engine: Engine;
  beforeEach(() => {
    machine = new Machine([name]);
    engine = { name, kind: "kind", execute: machine.execute };
  });

  test("is made, gets the images under the names that a kubelet asks for, and is removed", async () => {
    await createCluster(engine, "/nonexistent/x/kubeconfig");
    for (const image of ["server", "operator", "telegram"] as const) {
      await buildInEngine(engine, image);
      await loadFromEngine(engine, image, "/nonexistent/x");
    }
    expect([...machine.loaded]).toEqual(
      ["server", "operator", "telegram"].map((image) => `docker.io/cctelegram/${image}:dev`),
    );
    expect(await clusterExists(engine)).toBe(true);
    await deleteCluster(engine, "/nonexistent/x/kubeconfig");
    expect([...machine.clusters]).toEqual(["somebody-elses"]);
    expect([...machine.providers]).toEqual([name]);
  });

  test("leaves the user's kubeconfig and other clusters alone", async () => {
    await createCluster(engine, "/nonexistent/x/kubeconfig");
    await deleteCluster(engine, "/nonexistent/x/kubeconfig");
    const changing = machine.commands.filter((command) => / (create|delete) /.test(command));
    expect(changing).toHaveLength(2);
    for (const command of changing) {
      expect(command).toContain(`--name ${KIND_CLUSTER}`);
      expect(command).toContain("--kubeconfig /nonexistent/x/kubeconfig");
    }
  });

  test("that is there already is not made twice", async () => {
    await createCluster(engine, "/nonexistent/x/kubeconfig");
    await expect(createCluster(engine, "/nonexistent/x/kubeconfig")).rejects.toThrow("already exist");
  });

  test("gets no image that was not built", async () => {
    await createCluster(engine, "/nonexistent/x/kubeconfig");
    await expect(loadFromEngine(engine, "server", "/nonexistent/x")).rejects.toThrow("reference does not exist");
  });
});

test.each([[["docker", "podman"]], [["podman"]], [[]]] as [EngineName[]][])(
  "of %j those are found",
  async (engines) => {
    expect(await availableEngines(new Machine(engines).execute)).toEqual(engines);
  },
);
