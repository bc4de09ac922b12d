import { join } from "node:path";
import { cacheRoot } from "../machine/cache-root.mjs";
import { type CommandOptions, run } from "../machine/command.mjs";

/** Label of an image with the key of the inputs that it was built from. */
export const INPUTS_LABEL = "io.cctelegram.inputs";

/**
 * Runs buildah on the project's own image storage, below the cache. The vfs driver works on every file system, also
 * in containers.
 */
export function buildah(args: readonly string[], options?: CommandOptions): Promise<string> {
  const storage = join(cacheRoot(), "containers");
  const scope = ["--root", join(storage, "storage"), "--runroot", join(storage, "run"), "--storage-driver", "vfs"];
  return run("buildah", [...scope, ...args], options);
}

/** The key of the inputs that an image in the project's storage was built from. */
export async function inputsOf(image: string): Promise<string | undefined> {
  const format = `{{index .OCIv1.Config.Labels "${INPUTS_LABEL}"}}`;
  return buildah(["inspect", "--type", "image", "--format", format, image]).then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Removes images without a name: each new image of a name leaves the previous one, which is as large as itself. */
export async function pruneImages(): Promise<void> {
  await buildah(["rmi", "--prune", "--force"]);
}
