import { inject } from "vitest";
import { program } from "../../../e2e/cluster/programs.ts";
import { run } from "../../../machine/command.mjs";
import type { Manifest } from "./gitops.ts";

/** Runs kubectl as the administrator of the test cluster. */
export async function kubectl(args: readonly string[], objects: readonly object[] = []): Promise<string> {
  const command = await program("kubectl");
  const input = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  return run(command, ["--kubeconfig", inject("kubeconfig"), ...args], { input });
}

/** Asks kubectl for JSON about all manifests at once; the answers come in their order. */
export async function kubectlJson(args: readonly string[], manifests: readonly Manifest[]): Promise<Manifest[]> {
  if (manifests.length === 0) return [];
  const text = await kubectl([...args, "--show-managed-fields", "-o", "json", "-f", "-"], manifests);
  const answer = JSON.parse(text) as Manifest & { readonly items?: Manifest[] };
  return answer.items ?? [answer];
}

/** The objects of manifests as the cluster has them. */
export const livesOf = (manifests: readonly Manifest[]) => kubectlJson(["get"], manifests);
