import { expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { eventually } from "../deployment/support/steps.ts";
import type { World } from "../deployment/support/world.ts";
import { endedPod, storedBackup } from "./ended-pod.ts";

/** The pod of a backup's Job that runs: one that waits for what it reads cannot end. */
const attemptOf = (world: World, backup: string) =>
  eventually(async () => {
    const found = await world.client.list(resourcePath(types.pods, { namespace: world.namespace }), {
      labelSelector: `cctelegram.io/backup=${backup}`,
    });
    const open = found.filter(({ status }) => (status as { phase: string }).phase === "Running");
    expect(open).toHaveLength(1);
    return open[0]?.metadata.name ?? "";
  });

/** Ends the pod of a backup as a kubelet tells it. */
export async function endAttempt(world: World, backup: string, exitCode: number, words: object): Promise<void> {
  await world.patch(types.pods, await attemptOf(world, backup), { status: endedPod(exitCode, words) }, "status");
}

/** What a backup tells that has succeeded. */
export const resultOf = ({ namespace }: World, backup: string) => storedBackup(namespace, backup);
