import { expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { running } from "../../operator/deployment/support/kubelet.ts";
import {
  changeSpec,
  collectionTimeout,
  createResource,
  createToken,
  environmentOf,
  eventually,
  exists,
  readResource,
  untilCondition,
  untilReady,
  untilSettled,
} from "../../operator/deployment/support/steps.ts";
import { blocksIn, readPage } from "../blocks.ts";
import type { Scene } from "../performance.ts";

const isServer = ({ metadata }: KubernetesObject) => metadata.labels?.["app.kubernetes.io/component"] === "mcp-server";

/** A pod of which a kubelet says that a Secret is missing. */
const withoutSecret = {
  phase: "Pending",
  conditions: [{ type: "PodScheduled", status: "True" }],
  containerStatuses: [
    {
      name: "mcp-server",
      image: "",
      imageID: "",
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "limits" not found' } },
    },
  ],
};

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
        expect(stdout).toMatch(
          /^Change Deployment team-mcp-server Replaced\n( {2}.*\n)* .*\[LOG_LEVEL\].value: "info" -> "debug"$/m,
        ),
    },
    '"fencing":"Fenced"': {
      async before({ world }) {
        await changeSpec(world, "team", { reconciliation: "Active" });
        await untilReady(world, "team");
        Object.assign(world.answers, { fenced: true, telegram: { reachable: false, error: "the bridge is fenced" } });
      },
      async after({ world }) {
        // What is well is probed every 15 s.
        await untilCondition(world, "team", "Ready", { status: "False", reason: "BridgeFenced" });
        const variables = await environmentOf(world, types.statefulSets, "team-bridge");
        expect(variables).toMatchObject({ BRIDGE_FENCED: "true" });
      },
    },
    "status.causes": {
      // From the start, so that no pod of before serves.
      async before({ world }) {
        await world.delete(types.cctelegramDeployments, "team");
        await eventually(
          async () => expect(await exists(world, types.deployments, "team-mcp-server")).toBe(false),
          collectionTimeout,
        );
        await world.kubelet.report((pod) => (isServer(pod) ? withoutSecret : running(pod)));
        const valueFrom = { secretKeyRef: { name: "limits", key: "most" } };
        await createResource(world, "team", { server: { env: [{ name: "MOST", valueFrom }] } });
        await eventually(async () => expect((await readResource(world, "team")).status?.causes).toHaveLength(3));
      },
      after: (_, { stdout }) => {
        const [shown] = blocksIn(readPage("day-two")).filter(({ language }) => language === "text");
        expect(stdout.trim()).toBe(shown?.text);
      },
    },
  },
};
