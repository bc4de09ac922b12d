import { expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import {
  changeSpec,
  createResource,
  createToken,
  eventually,
  exists,
  readResource,
  untilCondition,
  untilSettled,
} from "../../operator/deployment/support/steps.ts";
import { exampleIn, type Scene } from "../performance.ts";

const key = "6".repeat(64);

type Secret = { readonly data: Readonly<Record<string, string>> };
type Workload = { readonly spec: { readonly template: { readonly metadata: { readonly annotations: object } } } };

/** Somebody else's Secret has the name of a client's. */
export const operator: Scene = {
  page: "operator",
  async given({ world }) {
    await createToken(world);
    await world.post(types.secrets, { metadata: { name: "team-connection-claude" }, stringData: { key } });
    await world.startOperator();
    await createResource(world, "team");
    await untilCondition(world, "team", "Degraded", { status: "True", reason: "ChildRefused" });
  },
  parts: {
    "annotate secret team-connection-claude cctelegram.io/adopt=team": {
      async after({ world }) {
        const { metadata } = await untilSettled(world, "team");
        const secret = await world.get(types.secrets, "team-connection-claude");
        expect(secret.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid, controller: true }]);
        expect(secret).toMatchObject({ data: { key: Buffer.from(key).toString("base64") } });
      },
    },
    'cctelegram.io/rotate="$(date': {
      after: ({ world }) =>
        eventually(async () =>
          expect((await world.get<Secret>(types.secrets, "team-connection-claude")).data).toHaveProperty("next"),
        ),
    },
    "get secret team-dashboard": {
      async before({ world }) {
        await changeSpec(world, "team", exampleIn("operator", "dashboard:").spec);
        await eventually(async () => expect(await exists(world, types.secrets, "team-dashboard")).toBe(true));
      },
      async after({ world }, { stdout }) {
        const { data } = await world.get<Secret>(types.secrets, "team-dashboard");
        expect(stdout.trim()).toHaveLength(Buffer.from(data.password ?? "", "base64").length);
      },
    },
    "annotate --overwrite cctd/team cctelegram.io/pair": {
      after: ({ world }) =>
        eventually(async () =>
          expect((await readResource(world, "team")).status?.pairing).toMatchObject({
            code: "k7m2qp",
            outcome: "Refused",
            message: expect.stringContaining("set telegram.pairing to Code"),
          }),
        ),
    },
    '"reconciliation":"Paused"': {
      after: ({ world }) => untilCondition(world, "team", "Paused", { status: "True", reason: "PausedByUser" }),
    },
    "cctelegram.io/restartedAt": {
      async before({ world }) {
        await changeSpec(world, "team", { reconciliation: "Active" });
        await untilSettled(world, "team");
      },
      async after({ world }) {
        for (const [type, name] of [
          [types.deployments, "team-mcp-server"],
          [types.statefulSets, "team-bridge"],
        ] as const) {
          await eventually(async () => {
            const { annotations } = (await world.get<Workload>(type, name)).spec.template.metadata;
            expect(annotations).toHaveProperty(["cctelegram.io/restartedAt"]);
          });
        }
      },
    },
  },
};
