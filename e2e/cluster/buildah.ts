import { join } from "node:path";
import { cacheRoot } from "./cache.ts";
import { type CommandOptions, run } from "./command.ts";

/** The name under which containerd and a kubelet know an image that a person calls `cctelegram/server:dev`. */
export function fullImageName(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = rest.length === 0 ? `library/${image}` : image;
  const name = hasRegistry ? image : `docker.io/${path}`;
  return /[:@]/.test(name.slice(name.lastIndexOf("/"))) ? name : `${name}:latest`;
}

/**
 * Runs buildah on image storage of this project's own, below the cache. The vfs driver works on every file system, in
 * containers too.
 */
export function buildah(args: readonly string[], options?: CommandOptions): Promise<string> {
  const storage = join(cacheRoot(), "containers");
  const scope = ["--root", join(storage, "storage"), "--runroot", join(storage, "run"), "--storage-driver", "vfs"];
  return run("buildah", [...scope, ...args], options);
}

/** Digest of an image in the project's storage; undefined when it is not there. */
export async function imageDigest(image: string): Promise<string | undefined> {
  try {
    const format = "{{.FromImageDigest}}";
    return (await buildah(["inspect", "--type", "image", "--format", format, fullImageName(image)])).trim();
  } catch {
    return undefined;
  }
}

/** Writes an image as archive, in the one format that leaves layers uncompressed: to compress takes longer than the rest. */
export async function exportImage(image: string, file: string): Promise<void> {
  const name = fullImageName(image);
  await buildah(["push", "--quiet", name, `docker-archive:${file}:${name}`]);
}

/** Removes what no name leads to any more: each new image of a name leaves the one before, as large as itself. */
export async function pruneImages(): Promise<void> {
  await buildah(["rmi", "--prune", "--force"]);
}
