import { join } from "node:path";
import { cached, cacheKey } from "../machine/cache.ts";
import { buildah } from "./buildah.ts";
import { fullImageName } from "./names.ts";

export const ARCHIVE = "image.tar";

/** An image as a file, with a key that changes with its content. */
export type Archive = { readonly image: string; readonly file: string; readonly key: string };

/** The archive of an image that was built here, written again only if its content is new. */
export async function archiveOf(image: string): Promise<Archive> {
  const name = fullImageName(image);
  const digest = await imageDigest(name);
  if (digest === undefined) {
    throw new Error(
      `there is no image ${name} to load: build it first, the project's own with "npm run build -- --images"`,
    );
  }
  const { folder } = await cached({
    kind: `images/archives/${name.replaceAll(/[^a-zA-Z0-9.]+/g, "-")}`,
    key: cacheKey([digest]),
    keep: 1,
    build: (target) => exportImage(name, join(target, ARCHIVE)),
  });
  return { image: name, file: join(folder, ARCHIVE), key: digest };
}

/** Writes an image as an archive, in the one format that leaves layers uncompressed: compression would take longer than everything else. */
export async function exportImage(image: string, file: string): Promise<void> {
  const name = fullImageName(image);
  await buildah(["push", "--quiet", name, `docker-archive:${file}:${name}`]);
}

/** Digest of an image in the project's storage; undefined if it does not exist. */
async function imageDigest(image: string): Promise<string | undefined> {
  try {
    const format = "{{.FromImageDigest}}";
    return (await buildah(["inspect", "--type", "image", "--format", format, fullImageName(image)])).trim();
  } catch {
    return undefined;
  }
}
