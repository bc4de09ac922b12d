import type { TestProject } from "vitest/node";
import { buildah } from "../images/buildah.ts";
import { bundle } from "../images/bundle.ts";
import { fullImageName, imageName } from "../images/names.ts";
import { buildImages } from "../images/project-images.ts";
import { progress } from "../machine/progress.mjs";
import { isOurs } from "./cluster/cluster.ts";
import { upGuarded } from "./cluster/with-cluster.ts";
import { installOperator, installTelegram } from "./installation.ts";
import { localTarget } from "./kubectl.ts";
import { clusterName, nextTag } from "./names.ts";

/** Two real nodes with the operator, installed as a user does, and the stand-in for Telegram. */
export default async function setup(_project: TestProject) {
  // Set up for the other project of end-to-end tests already.
  if (isOurs(clusterName)) return;
  await bundle();
  await buildImages();
  const images = (["server", "operator"] as const).map(imageName);
  const nextOf = (image: string) => image.replace(/:.*$/, `:${nextTag}`);
  for (const image of images) await buildah(["tag", fullImageName(image), fullImageName(nextOf(image))]);
  const { cluster } = await upGuarded({ name: clusterName, nodes: 2 });
  await progress.step("load images", async () => {
    for (const image of [...images, imageName("telegram"), ...images.map(nextOf)]) await cluster.load(image);
  });
  const target = localTarget(cluster);
  const telegramApiUrl = await progress.step("start the stand-in for Telegram", () => installTelegram(target));
  await progress.step("install the operator with Helm", () => installOperator(target, { tag: "dev", telegramApiUrl }));
  return () => progress.step("remove the cluster", () => cluster.down());
}
