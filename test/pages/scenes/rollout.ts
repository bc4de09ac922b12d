import { expect } from "vitest";
import {
  changeSpec,
  createResource,
  createToken,
  eventually,
  readResource,
  untilCondition,
  untilSettled,
} from "../../operator/deployment/support/steps.ts";
import type { Scene } from "../performance.ts";
import type { Stage } from "../stage.ts";

const outcomes = async ({ world }: Stage) =>
  (await readResource(world, "team")).status?.rollout?.revisions?.map(
    ({ revision, outcome }) => `${revision} ${outcome}`,
  );

/** Three versions one after the other; the fourth one waits until somebody promotes it. */
export const rollout: Scene = {
  page: "rollout",
  async given({ world }) {
    await createToken(world);
    await world.startOperator();
    await createResource(world, "team");
    await untilSettled(world, "team");
    for (const version of ["1.3.0", "1.4.0"]) {
      await changeSpec(world, "team", { version });
      await untilSettled(world, "team");
    }
  },
  parts: {
    "status.rollout.revisions": {
      after: (_, { stdout }) =>
        expect(stdout).toMatch(
          /^1\tSuperseded\tdocker\.io\/cctelegram\/server:1\.2\.3\t[\s\S]*^3\tActive\tdocker\.io\/cctelegram\/server:1\.4\.0\t/m,
        ),
    },
    "cctelegram.io/promote=4": {
      async before({ world }) {
        const blueGreen = { strategy: "BlueGreen", promotion: "Manual", keepPreviousSeconds: 0 };
        await changeSpec(world, "team", { version: "1.5.0", rollout: blueGreen });
        await untilCondition(world, "team", "Progressing", { status: "True", reason: "WaitingForPromotion" });
      },
      after: (stage) => eventually(async () => expect(await outcomes(stage)).toContain("4 Active")),
    },
    "cctelegram.io/undo=2": {
      before: ({ world }) => untilSettled(world, "team", 60_000),
      after: (stage) =>
        eventually(async () => expect((await outcomes(stage))?.join()).toMatch(/2 (Previewing|Waiting|Active)/)),
    },
  },
};
