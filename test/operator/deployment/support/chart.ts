import { loadAll } from "js-yaml";
import { inject } from "vitest";
import { program } from "../../../../e2e/cluster/programs.ts";
import { run } from "../../../../machine/command.mjs";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";

export const chart = "charts/cctelegram-operator";

let built: Promise<string> | undefined;

export async function helm(...args: string[]): Promise<string> {
  built ??= program("helm");
  return run(await built, args);
}

export type Release = { readonly name?: string; readonly namespace?: string };

/** The objects of the chart with these settings, as Helm sends them. */
export async function render(
  settings: readonly string[] = [],
  { name = "operator", namespace = "operators" }: Release = {},
) {
  const values = settings.flatMap((setting) => ["--set", setting]);
  const text = await helm("template", name, chart, "--namespace", namespace, ...values);
  return loadAll(text).filter((object) => object !== null) as KubernetesObject[];
}

/** Runs kubectl as the administrator of the test cluster. */
async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const command = await program("kubectl");
  return run(command, ["--kubeconfig", inject("kubeconfig"), ...args], input === undefined ? {} : { input });
}

export const apply = (objects: readonly KubernetesObject[]) =>
  kubectl(["apply", "--server-side", "-f", "-"], objects.map((object) => JSON.stringify(object)).join("\n---\n"));

export const remove = (objects: readonly KubernetesObject[]) =>
  kubectl(
    ["delete", "--ignore-not-found", "--wait=false", "-f", "-"],
    objects.map((object) => JSON.stringify(object)).join("\n---\n"),
  );
