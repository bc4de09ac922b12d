import type { Cluster } from "../e2e/cluster/cluster.ts";
import { withCluster } from "../e2e/cluster/with-cluster.ts";
import { installOperator, installTelegram } from "../e2e/installation.ts";
import { localTarget } from "../e2e/kubectl.ts";
import { bundle } from "../images/bundle.ts";
import { imageName, imageNames } from "../images/names.ts";
import { buildImages } from "../images/project-images.ts";
import { progress } from "../machine/progress.mjs";

/** Starts a cluster of two nodes with the operator and the stand-in for Telegram, and takes it down after the work. */
export async function withOperator<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
  await bundle();
  await buildImages();
  return withCluster({ name: "conformance", nodes: 2 }, async (cluster) => {
    await progress.step("load images", async () => {
      for (const name of imageNames) await cluster.load(imageName(name));
    });
    const target = localTarget(cluster);
    const telegramApiUrl = await progress.step("start the stand-in for Telegram", () => installTelegram(target));
    await progress.step("install the operator with Helm", () =>
      installOperator(target, { tag: "dev", telegramApiUrl }),
    );
    return work(cluster);
  });
}
