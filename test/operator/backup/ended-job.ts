import { expect } from "vitest";
import type { BackupResult } from "../../../contract/backup.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { eventually } from "../deployment/support/steps.ts";
import type { World } from "../deployment/support/world.ts";

/** The newest pod of a backup's Job, which has not ended. */
const attemptOf = (world: World, name: string) =>
  eventually(async () => {
    const found = await world.client.list(resourcePath(types.pods, { namespace: world.namespace }), {
      labelSelector: `cctelegram.io/backup=${name}`,
    });
    const open = found.filter(({ status }) => !["Failed", "Succeeded"].includes((status as { phase: string }).phase));
    expect(open).toHaveLength(1);
    return open[0]?.metadata.name ?? "";
  }, 60_000);

/** Ends the pod of a backup as a kubelet tells it. */
export async function endJob(world: World, name: string, exitCode: number, words: object): Promise<void> {
  const pod = await attemptOf(world, name);
  const terminated = { exitCode, reason: exitCode === 0 ? "Completed" : "Error", message: JSON.stringify(words) };
  const state = {
    terminated: { ...terminated, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:01Z" },
  };
  const status = { name: "backup", image: "", imageID: "", ready: false, restartCount: 0, started: false, state };
  const phase = exitCode === 0 ? "Succeeded" : "Failed";
  await world.patch(types.pods, pod, { status: { phase, containerStatuses: [status] } }, "status");
}

/** What a backup of the resource team says when it is stored. */
export const storedAs = (world: World, name: string): BackupResult => ({
  location: `file:///backup/${world.namespace}/team/${name}.cctb`,
  sizeBytes: 4096,
  sha256: "a".repeat(64),
  schemaVersion: 3,
  durationMs: 1500,
  messages: 2,
  verified: true,
});
