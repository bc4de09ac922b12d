import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { cctelegramDeployments } from "../../../operator/deployment/resource-types.ts";
import { eventually, readResource, untilSettled } from "../../operator/deployment/support/steps.ts";
import { nameApart } from "../../promotion/overlays.ts";
import type { Scene } from "../performance.ts";
import type { Stage } from "../stage.ts";

const digest = `sha256:${"d".repeat(64)}`;
const image = `docker.io/cctelegram/server:0.1.0@${digest}`;

/** What happened to a resource happened three hours ago. */
async function age({ world }: Stage, name: string): Promise<void> {
  const long = new Date(Date.now() - 3 * 3_600_000).toISOString();
  const { status } = await untilSettled(world, name);
  const conditions = status?.conditions?.map((each) => ({ ...each, lastTransitionTime: long }));
  const revisions = status?.rollout?.revisions?.map((each) => ({ ...each, since: long }));
  await world.patch(cctelegramDeployments, name, { status: { conditions, rollout: { revisions } } }, "status");
}

const imageFile = ({ folder }: Stage, environment: string) =>
  readFile(join(folder, `examples/environments/${environment}/image.yaml`), "utf8");

/** Three environments under names of their own in one namespace, whose image has a digest. */
export const environments: Scene = {
  page: "environments",
  async given(stage) {
    const { world } = stage;
    world.reviewImage = async ({ policy, reference }) => ({ policy, reference, state: "Found", digest });
    await nameApart(join(stage.folder, "examples/environments"), world.namespace);
    const git = await stage.run(
      "git init --quiet; git config user.name docs; git config user.email docs@example.com; git add examples; git commit --quiet --message 'As it is'",
    );
    expect(git).toMatchObject({ code: 0 });
    await world.startOperator();
  },
  parts: {
    "kubectl kustomize": {
      after: (_, { stdout }) => expect(stdout).toContain("kind: CCTelegramDeployment"),
    },
    "create secret generic telegram": {
      after: ({ world }) => untilSettled(world, "team-staging"),
    },
    "--from development --to staging": {
      async before(stage) {
        expect(await stage.run("kubectl apply -k examples/environments/development")).toMatchObject({ code: 0 });
        await age(stage, "team-development");
      },
      after: async (stage) => expect(await imageFile(stage, "staging")).toContain(image),
    },
    "Promotion › kubectl apply -k examples/environments/staging": {
      after: ({ world }) =>
        eventually(async () => {
          expect((await readResource(world, "team-staging")).spec.images).toMatchObject({ server: image });
          await untilSettled(world, "team-staging");
        }),
    },
    "--from staging --to production": {
      before: (stage) => age(stage, "team-staging"),
      after: async (stage) => expect(await imageFile(stage, "production")).toContain(image),
    },
    "apply -k examples/environments/production": {
      async after({ world }) {
        const { status } = await untilSettled(world, "team-production");
        expect(status?.runningImage).toBe(image);
      },
    },
    'conditions[?(@.type=="Progressing")]': {
      here: (command) => command.replace("cctd team", "cctd team-production"),
      after: (_, { stdout }) => expect(stdout).not.toBe(""),
    },
  },
};
