import { inject } from "vitest";
import { program } from "../../../e2e/cluster/programs.ts";
import { run } from "../../../machine/command.mjs";

/** An object as it is in Git or in the cluster. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
};

/** The same object with the annotations that Argo CD adds. */
export const tracked = (manifest: Manifest): Manifest => {
  const { apiVersion, kind, metadata } = manifest;
  const id = `app:${apiVersion.split("/").at(-2) ?? ""}/${kind}:${metadata.namespace ?? ""}/${metadata.name}`;
  return { ...manifest, metadata: { ...metadata, annotations: { ...metadata.annotations, [trackingId]: id } } };
};

const trackingId = "argocd.argoproj.io/tracking-id";

export type Verdict = { readonly status: string; readonly message: string };

export type Action = { readonly name: string; readonly disabled?: boolean };

/** Live: the object in the cluster. Predicted: the result of a sync. */
export type Difference = { readonly outOfSync: boolean; readonly live: object; readonly predicted: object };

/** Requests to `e2e/cluster/binaries/gitops`, which is built from Argo CD's and kstatus's own code. */
export type Request =
  | { readonly do: "health"; readonly object: object; readonly script: string }
  | { readonly do: "kstatus"; readonly object: object }
  | { readonly do: "discover"; readonly object: object; readonly actions: string }
  | { readonly do: "act"; readonly object: object; readonly actions: string; readonly action: string }
  | { readonly do: "test"; readonly folder: string }
  | { readonly do: "apply"; readonly desired: object; readonly serverSide: boolean }
  | {
      readonly do: "diff";
      readonly object: object;
      readonly desired: object;
      readonly serverSide: boolean;
      readonly ignoreDifferences?: readonly object[];
    };

/** Sends all requests at once, so that they cost one process. */
export async function ask<T>(requests: readonly Request[]): Promise<T[]> {
  const command = await program("gitops");
  const input = requests.map((request) => JSON.stringify(request)).join("\n");
  const lines = (await run(command, ["-kubeconfig", inject("kubeconfig")], { input })).trim().split("\n");
  return lines.map((line, index) => {
    const { result, error } = JSON.parse(line) as { result?: T; error?: string };
    if (error !== undefined) throw new Error(`${requests[index]?.do}: ${error}`);
    return result as T;
  });
}

/** The folder in the layout of Argo CD's repository, and its content. */
export const customization = "deploy/argocd/resource_customizations/cctelegram.io/CCTelegramDeployment";
