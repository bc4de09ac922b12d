/** A cluster in a container engine, created by kind. Every command is run by `execute`. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fullImageName, type ImageName, imageName } from "../../images/names.ts";
import type { run } from "../../machine/command.mjs";

export const engineNames = ["docker", "podman"] as const;

export type EngineName = (typeof engineNames)[number];

export type Engine = {
  readonly name: EngineName;
  /** Path of the program kind. */
  readonly kind: string;
  readonly execute: typeof run;
};

/** The cluster's name for kind. */
export const KIND_CLUSTER = "cctelegram-start";

const ROOT = join(import.meta.dirname, "../..");
const ANSWER_MS = 5_000;

/** The engines of this machine that answer. */
export async function availableEngines(execute: typeof run): Promise<EngineName[]> {
  const answers = await Promise.all(
    engineNames.map((name) =>
      execute(name, ["info"], { timeoutMs: ANSWER_MS }).then(
        () => true,
        () => false,
      ),
    ),
  );
  return engineNames.filter((_, index) => answers[index]);
}

/** kind uses Docker unless told otherwise. */
const environment = ({ name }: Engine): NodeJS.ProcessEnv => ({ ...process.env, KIND_EXPERIMENTAL_PROVIDER: name });

function kind(engine: Engine, args: readonly string[]): Promise<string> {
  return engine.execute(engine.kind, args, { env: environment(engine), group: true });
}

/** Whether kind has a cluster with our name. */
export async function clusterExists(engine: Engine): Promise<boolean> {
  const names = await kind(engine, ["get", "clusters"]);
  return names.split("\n").includes(KIND_CLUSTER);
}

/** Creates the cluster, with a separate kubeconfig: the user's is not changed. */
export async function createCluster(engine: Engine, kubeconfig: string): Promise<void> {
  await kind(engine, ["create", "cluster", "--name", KIND_CLUSTER, "--kubeconfig", kubeconfig, "--wait", "3m"]);
}

export async function deleteCluster(engine: Engine, kubeconfig: string): Promise<void> {
  await kind(engine, ["delete", "cluster", "--name", KIND_CLUSTER, "--kubeconfig", kubeconfig]);
}

/** Builds an image from the Dockerfile and its bundle, with the name that a kubelet uses. */
export async function buildInEngine({ name, execute }: Engine, image: ImageName): Promise<void> {
  const full = fullImageName(imageName(image));
  await execute(name, ["build", "--target", image, "--tag", full, "."], { cwd: ROOT, group: true });
}

/** Loads an image onto the cluster's node from an archive, which works with every engine. */
export async function loadFromEngine(engine: Engine, image: ImageName, folder: string): Promise<void> {
  const archive = join(folder, `${image}.tar`);
  await engine.execute(engine.name, ["save", "--output", archive, fullImageName(imageName(image))], { group: true });
  await kind(engine, ["load", "image-archive", archive, "--name", KIND_CLUSTER]);
  await rm(archive, { force: true });
}
