import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheKey } from "../machine/cache.ts";
import { type Progress, progress } from "../machine/progress.mjs";
import { BASE_IMAGE, baseImage } from "./base-image.ts";
import { buildah, INPUTS_LABEL, inputsOf, pruneImages } from "./buildah.ts";
import { fullImageName, type ImageName, imageName, imageNames } from "./names.ts";

const ROOT = join(import.meta.dirname, "..");

/** Builds the images from the Dockerfile and the bundles; an image whose inputs have not changed is not built again. */
export async function buildImages(names: readonly ImageName[] = imageNames, steps: Progress = progress): Promise<void> {
  const base = await baseImage(steps);
  for (const name of names) {
    await steps.step(`image ${imageName(name)}`, async ({ cached }) => {
      if (!(await buildImage(name, base))) cached();
    });
  }
}

/** Returns false if the image existed already. */
async function buildImage(name: ImageName, base: string): Promise<boolean> {
  const key = await inputKey(name, base);
  const image = fullImageName(imageName(name));
  if ((await inputsOf(image)) === key) return false;
  const argument = `NODE_IMAGE=${BASE_IMAGE}`;
  const reproducible = ["--quiet", "--pull-never", "--timestamp", "0", "--label", `${INPUTS_LABEL}=${key}`];
  await buildah(["bud", ...reproducible, "--build-arg", argument, "--target", name, "--tag", image, "."], {
    cwd: ROOT,
  });
  await pruneImages();
  return true;
}

async function inputKey(name: ImageName, base: string): Promise<string> {
  const folder = join(ROOT, "dist", name);
  const files = (await readdir(folder)).sort();
  const contents = await Promise.all(files.map((file) => readFile(join(folder, file))));
  return cacheKey([base, await readFile(join(ROOT, "Dockerfile")), ...files, ...contents]);
}
