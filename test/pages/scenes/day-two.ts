import { expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import {
  changeSpec,
  createResource,
  createToken,
  environmentOf,
  eventually,
  readResource,
  untilCondition,
  untilReady,
  untilSettled,
} from "../../operator/deployment/support/steps.ts";
import type { Scene } from "../performance.ts";

/** One resource sleeps, asks what would change, is fenced, and lacks a Secret. */
export const dayTwo: Scene = {
  page: "day-two",
  async given({ world }) {
    await createToken(world);
    await world.startOperator();
    await createResource(world, "team");
    await untilSettled(world, "team");
  },
  parts: {
    '"reconciliation":"DryRun"': {
      async before({ world }) {
        await changeSpec(world, "team", { activity: "Active" });
        await untilReady(world, "team");
      },
      after: ({ world }) => untilCondition(world, "team", "Paused", { status: "True", reason: "DryRun" }),
    },
    "status.dryRun": {
      async before({ world }) {
        await changeSpec(world, "team", { server: { logLevel: "debug" } });
        await eventually(async () =>
          expect((await readResource(world, "team")).status?.dryRun?.changes).not.toEqual([]),
        );
      },
      after: (_, { stdout }) =>
        expect(stdout).toMatch(/^Change Deployment team-mcp-server Replaced .*LOG_LEVEL.*"info" -> "debug"/m),
    },
    '"fencing":"Fenced"': {
      async before({ world }) {
        await changeSpec(world, "team", { reconciliation: "Active" });
        await untilReady(world, "team");
        Object.assign(world.answers, { fenced: true, telegram: { reachable: false, error: "the bridge is fenced" } });
      },
      async after({ world }) {
        await untilCondition(world, "team", "Ready", { status: "False", reason: "BridgeFenced" });
        const variables = await environmentOf(world, types.statefulSets, "team-bridge");
        expect(variables).toMatchObject({ BRIDGE_FENCED: "true" });
      },
    },
    "status.causes": {
      async before({ world }) {
        const valueFrom = { secretKeyRef: { name: "limits", key: "most" } };
        await changeSpec(world, "team", { server: { env: [{ name: "MOST", valueFrom }] } });
        await untilCondition(world, "team", "Degraded", { status: "True", reason: "SecretNotFound" });
      },
      after: (_, { stdout }) =>
        expect(stdout).toContain(
          "MCP server: Secret limits, which server.env names, does not exist: create it, or correct the name; what runs is kept until then (SecretNotFound)\n",
        ),
    },
  },
};
