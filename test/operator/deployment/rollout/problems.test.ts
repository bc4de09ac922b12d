import { expect, test } from "vitest";
import type { RolloutStatus } from "../../../../operator/api/rollout.ts";
import { revisionIsLost } from "../../../../operator/deployment/rollout/problems.ts";
import { snapshot } from "../support/snapshot.ts";

type Outcome = NonNullable<RolloutStatus["revisions"]>[number]["outcome"];

const lost = { revision: 2, template: "0123456789abcdef", track: "blue" } as const;
const kept = (revision: number, outcome: Outcome) => ({
  ...{ revision, outcome, template: `${revision}`, image: "docker.io/cctelegram/server:1.2.3" },
  ...{ message: "the first one", since: "2026-01-01T00:00:00Z" },
});

test.each([
  ["nothing else, where every other one failed", [kept(2, "Active"), kept(3, "RolledBack"), kept(4, "Failed")], ""],
  [
    "former ones that did not fail",
    [kept(1, "Superseded"), kept(2, "Active"), kept(3, "RolledBack"), kept(4, "Previous")],
    ", or go to a former one (1, 4) by cctelegram.io/undo",
  ],
])("a lost revision offers a change of the spec, and %s", (_what, revisions, offered) => {
  const problem = revisionIsLost(snapshot({ lostRevision: lost, rollout: { revisions } }));
  expect(problem).toEqual({
    reason: "RevisionLost",
    message: `revision 2 should run, but its template is gone: ControllerRevision team-mcp-server-${lost.template} was deleted. Deployment team-mcp-server stays as it is: change the spec to a version that works${offered}`,
  });
});
