import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dump } from "js-yaml";
import { expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import { storedBackupReport } from "../../operator/backup/ended-pod.ts";
import { running } from "../../operator/deployment/support/kubelet.ts";
import { createResource, createToken, untilCondition, untilSettled } from "../../operator/deployment/support/steps.ts";
import { exampleIn, type Scene } from "../performance.ts";

/** A resource with the page's store, whose backups succeed. */
export const backupKubernetes: Scene = {
  page: "backup-kubernetes",
  async given({ world, folder }) {
    await createToken(world);
    const credentials = { accessKeyId: "example", secretAccessKey: "example-secret" };
    await world.post(types.secrets, { metadata: { name: "backup-store" }, stringData: credentials });
    await world.startOperator();
    const { backup } = exampleIn("backup-kubernetes", "schedule:").spec;
    // No run of the schedule is to come between.
    await createResource(world, "team", { backup: { ...(backup as object), schedule: undefined } });
    await untilSettled(world, "team");
    await writeFile(join(folder, "before-the-change.yaml"), dump(exampleIn("backup-kubernetes", "before-the-change")));
    await world.kubelet.report((pod) => storedBackupReport(pod) ?? running(pod));
  },
  parts: {
    "wait --for=condition=Succeeded": {
      after: ({ world }) => untilCondition(world, "team", "BackupSucceeded", { status: "True" }),
    },
    "get cctb": {
      after: (_, { stdout }) => expect(stdout).toMatch(/^before-the-change +team +True +Succeeded /m),
    },
  },
};
