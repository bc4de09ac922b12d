import { run } from "../machine/command.mjs";
import type { Cluster } from "./cluster/cluster.ts";
import { program } from "./cluster/programs.ts";

/** A cluster to use: the local one, or an existing one by the name of its context. */
export type Target = {
  readonly kubectl: (args: readonly string[], options?: { readonly input?: string }) => Promise<string>;
  /** Arguments that select the same cluster for Helm. */
  readonly helmArguments: readonly string[];
};

export const localTarget = (cluster: Cluster): Target => ({
  kubectl: cluster.kubectl,
  helmArguments: ["--kubeconfig", cluster.kubeconfig],
});

/** Only a context that was named is used. */
export function contextTarget(context: string): Target {
  return {
    kubectl: async (args, options) => run(await program("kubectl"), ["--context", context, ...args], options),
    helmArguments: ["--kube-context", context],
  };
}

/** The cluster of a kubeconfig file. */
export function kubeconfigTarget(kubeconfig: string): Target {
  return {
    kubectl: async (args, options) => run(await program("kubectl"), ["--kubeconfig", kubeconfig, ...args], options),
    helmArguments: ["--kubeconfig", kubeconfig],
  };
}

export async function helm(target: Target, args: readonly string[]): Promise<string> {
  return run(await program("helm"), [...args, ...target.helmArguments]);
}
