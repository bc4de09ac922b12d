import { expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import {
  changeSpec,
  createResource,
  createToken,
  eventually,
  untilCondition,
  untilSettled,
} from "../../operator/deployment/support/steps.ts";
import { exampleIn, type Part, type Scene } from "../performance.ts";

type Secret = { readonly data: Readonly<Record<string, string>> };

const getsNext = (name: string): Part => ({
  after: ({ world }) =>
    eventually(async () => expect((await world.get<Secret>(types.secrets, name)).data).toHaveProperty("next")),
});

/** A resource whose key and secret rotate, and whose client then brings a key along. */
export const secrets: Scene = {
  page: "secrets",
  async given({ world }) {
    await createToken(world);
    await world.startOperator();
    await createResource(world, "team");
    await untilSettled(world, "team");
  },
  parts: {
    "annotate --overwrite secret team-connection-claude": getsNext("team-connection-claude"),
    "annotate --overwrite secret team-hmac": getsNext("team-hmac"),
    "status.secrets": {
      async before({ world }) {
        await changeSpec(world, "team", exampleIn("secrets", "rotationDays").spec);
        await untilCondition(world, "team", "SecretsCurrent", { status: "True" });
      },
      after: (_, { stdout }) =>
        expect(JSON.parse(stdout)).toContainEqual(
          expect.objectContaining({ name: "team-hmac", since: expect.any(String), rotates: expect.any(String) }),
        ),
    },
    "create secret generic claude-key": {
      async before({ world }) {
        await changeSpec(world, "team", { server: exampleIn("secrets", "keySecretRef").spec.server });
        await untilCondition(world, "team", "SecretsCurrent", { status: "False", reason: "KeySecretNotFound" });
      },
      after: ({ world }) => untilCondition(world, "team", "SecretsCurrent", { status: "True" }),
    },
    "create secret generic telegram": {
      async after({ world }) {
        const { data } = await world.get<Secret>(types.secrets, "telegram");
        expect(Buffer.from(data.token ?? "", "base64").toString()).toBe("123456789:AA...");
      },
    },
  },
};
