import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildah, exportImage, fullImageName, imageDigest } from "./buildah.ts";
import { cached, cacheKey } from "./cache.ts";
import { run } from "./command.ts";
import type { NodeFolders } from "./folders.ts";
import { PAUSE_IMAGE } from "./node.ts";
import { type Progress, progress } from "./progress.mjs";

const ARCHIVE = "image.tar";

/** An image as file, with a key that changes with its content. */
export type Archive = { readonly image: string; readonly file: string; readonly key: string };

/** The image that holds a pod's namespaces, built from a few lines of Go. */
export function pauseImage(steps: Progress = progress): Promise<Archive> {
  return steps.step("pause image", async ({ cached: markCached }) => {
    const source = join(import.meta.dirname, "pause");
    const files = ["main.go", "Dockerfile"].map((file) => join(source, file));
    const key = cacheKey(await Promise.all(files.map((file) => readFile(file))));
    const { folder, hit } = await cached({
      kind: "images/pause",
      key,
      build: async (target) => {
        const env = { ...process.env, CGO_ENABLED: "0", GO111MODULE: "off" };
        const program = join(target, "pause");
        await run("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", program, "main.go"], { cwd: source, env });
        await copyFile(join(source, "Dockerfile"), join(target, "Dockerfile"));
        await buildah(["bud", "--quiet", "--timestamp", "0", "--tag", PAUSE_IMAGE, target]);
        await exportImage(PAUSE_IMAGE, join(target, ARCHIVE));
      },
    });
    if (hit) markCached();
    return { image: PAUSE_IMAGE, file: join(folder, ARCHIVE), key };
  });
}

/** The archive of an image that was built here, made when its content is new. */
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

/** Imports an image into a node's containerd, unless that content was imported under that name before. */
export async function importImage(archive: Archive, folders: NodeFolders, binaries: string): Promise<boolean> {
  const record = join(folders.root, `image-${cacheKey([archive.image])}`);
  if (existsSync(record) && readFileSync(record, "utf8") === archive.key) return false;
  const ctr = ["--address", folders.socket, "--namespace", "k8s.io"];
  // --local reads the file here instead of sending it through containerd's API: half the time.
  await run(join(binaries, "ctr"), [...ctr, "images", "import", "--local", "--snapshotter", "overlayfs", archive.file]);
  writeFileSync(record, archive.key);
  return true;
}
