import { isDeepStrictEqual } from "node:util";
import { ask, type Difference, type Manifest } from "./gitops.ts";
import { kubectl, kubectlJson, livesOf } from "./kubectl.ts";

const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;

/**
 * What tools would change about objects that were applied from these manifests: `kubectl diff`, Argo CD's comparison by a three-way
 * merge and by a server-side apply, and an apply of another manager without force.
 */
export async function differences(manifests: readonly Manifest[]): Promise<string[]> {
  const found = await Promise.all([
    kubectlDiff(manifests),
    argoDiff(manifests, false),
    argoDiff(manifests, true),
    otherManager(manifests),
  ]);
  return found.flat();
}

async function kubectlDiff(manifests: readonly Manifest[]): Promise<string[]> {
  // The exit code is 1 if there is a difference.
  const refused = (error: Error) => `kubectl diff: ${error.message}`;
  const text = await kubectl(["diff", "-f", "-"], manifests).catch(refused);
  return text === "" ? [] : [text];
}

/** Whether Argo CD calls the objects OutOfSync, and why. */
export async function argoDiff(
  manifests: readonly Manifest[],
  serverSide: boolean,
  ignoreDifferences: readonly object[] = [],
): Promise<string[]> {
  const lives = await livesOf(manifests);
  const found = await ask<Difference>(
    manifests.map((desired, index) => ({
      do: "diff",
      object: lives[index] ?? {},
      desired,
      serverSide,
      ignoreDifferences,
    })),
  );
  return found.flatMap(({ outOfSync, live, predicted }, index) => {
    const name = nameOf(manifests[index] as Manifest);
    const way = serverSide ? "server-side" : "three-way";
    return outOfSync ? [`Argo CD, ${way}: ${name}: ${changedFields(live, predicted).join(", ")}`] : [];
  });
}

async function otherManager(manifests: readonly Manifest[]): Promise<string[]> {
  const secrets = manifests.filter(isWriteOnly);
  const others = manifests.filter((manifest) => !isWriteOnly(manifest));
  const found = await Promise.all([dryRun(others), dryRun(secrets, "--force-conflicts")]);
  return found.flat().map((difference) => `another manager: ${difference}`);
}

/** stringData is never stored: for the API server every apply of it is a change. */
const isWriteOnly = (manifest: Manifest) => "stringData" in manifest;

/** What an apply of another tool would change, or its conflict. */
async function dryRun(manifests: readonly Manifest[], ...flags: string[]): Promise<string[]> {
  const apply = ["apply", "--server-side", "--dry-run=server", "--field-manager=another-tool", ...flags];
  try {
    const [lives, afters] = await Promise.all([livesOf(manifests), kubectlJson(apply, manifests)]);
    const changes = (live: Manifest, index: number) => changedFields(wishes(live), wishes(afters[index] as Manifest));
    return lives.flatMap((live, index) => changes(live, index).map((field) => `${nameOf(live)}: ${field}`));
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Without what an apply does not write: the status, and metadata that the API server sets. */
function wishes({ metadata, status: _, ...object }: Manifest & { readonly status?: object }): object {
  const { managedFields, resourceVersion, ...rest } = metadata as Record<string, unknown>;
  return { ...object, metadata: rest };
}

/** Paths at which two values differ, with both values. */
function changedFields(before: unknown, after: unknown, path = ""): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [`${path}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => changedFields(before[name], after[name], `${path}.${name}`));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
