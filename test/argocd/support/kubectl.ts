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

/** The object of a manifest as the cluster has it. */
export async function liveOf({ apiVersion, kind, metadata }: Manifest): Promise<Manifest> {
  const [version, group = ""] = apiVersion.split("/").toReversed();
  const type = group ? `${kind}.${version}.${group}` : kind;
  const place = metadata.namespace ? ["--namespace", metadata.namespace] : [];
  return JSON.parse(await kubectl([...place, "get", type, metadata.name, "--show-managed-fields", "-o", "json"]));
}
