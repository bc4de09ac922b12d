import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ARCHIVE, type Archive, exportImage } from "../../images/archive.ts";
import { buildah } from "../../images/buildah.ts";
import { cached, cacheKey } from "../../machine/cache.ts";
import { run } from "../../machine/command.mjs";
import { type Progress, progress } from "../../machine/progress.mjs";
import type { NodeFolders } from "./folders.ts";
import { PAUSE_IMAGE } from "./node.ts";

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
