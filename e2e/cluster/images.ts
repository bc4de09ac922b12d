import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ARCHIVE, type Archive, exportImage } from "../../images/archive.ts";
import { buildah } from "../../images/buildah.ts";
import { cached, cacheKey, findCached } from "../../machine/cache.ts";
import { run } from "../../machine/command.mjs";
import { type Progress, progress } from "../../machine/progress.mjs";
import type { NodeFolders } from "./folders.ts";
import { PAUSE_IMAGE } from "./node.ts";

/** The image of a pod's sandbox container, built from a few lines of Go. */
export function pauseImage(steps: Progress = progress): Promise<Archive> {
  return steps.step("pause image", async ({ cached: markCached }) => {
    const entry = await pauseEntry();
    const { folder, hit } = await cached({ ...entry, build: buildPauseImage });
    if (hit) markCached();
    return { image: PAUSE_IMAGE, file: join(folder, ARCHIVE), key: entry.key };
  });
}

/** Whether it has been built, so that no compiler is needed. */
export async function hasPauseImage(): Promise<boolean> {
  return (await findCached(await pauseEntry())) !== undefined;
}

const PAUSE_SOURCE = join(import.meta.dirname, "pause");

async function pauseEntry() {
  const files = ["main.go", "Dockerfile"].map((file) => join(PAUSE_SOURCE, file));
  return { kind: "images/pause", key: cacheKey(await Promise.all(files.map((file) => readFile(file)))) };
}

async function buildPauseImage(target: string): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: "0", GO111MODULE: "off" };
  const program = join(target, "pause");
  const build = ["build", "-trimpath", "-ldflags", "-s -w", "-o", program, "main.go"];
  await run("go", build, { cwd: PAUSE_SOURCE, env, group: true });
  await copyFile(join(PAUSE_SOURCE, "Dockerfile"), join(target, "Dockerfile"));
  await buildah(["bud", "--quiet", "--timestamp", "0", "--tag", PAUSE_IMAGE, target]);
  await exportImage(PAUSE_IMAGE, join(target, ARCHIVE));
}

/** Imports an image into a node's containerd, unless the same content was imported under that name before. */
export async function importImage(archive: Archive, folders: NodeFolders, ctr: string): Promise<boolean> {
  const record = join(folders.root, `image-${cacheKey([archive.image])}`);
  if (existsSync(record) && readFileSync(record, "utf8") === archive.key) return false;
  const scope = ["--address", folders.socket, "--namespace", "k8s.io"];
  // --local reads the file here instead of sending it through containerd's API: half the time.
  await run(ctr, [...scope, "images", "import", "--local", "--snapshotter", "overlayfs", archive.file]);
  writeFileSync(record, archive.key);
  return true;
}
