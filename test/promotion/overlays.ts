import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { environments } from "../../promotion/promotion.ts";

/** Puts the environments of a folder into one namespace, under names of their own. */
export async function nameApart(folder: string, namespace: string): Promise<void> {
  for (const environment of environments) {
    const file = join(folder, environment, "kustomization.yaml");
    const text = await readFile(file, "utf8");
    const own = text.replace(/namespace: \S+/, `namespace: ${namespace}\nnameSuffix: -${environment}`);
    await writeFile(file, own.replace("  - namespace.yaml\n", ""));
  }
}
