import { expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import { createToken, eventually, exists, readResource } from "../../operator/deployment/support/steps.ts";
import type { Scene } from "../performance.ts";

type Scaler = { readonly spec: { readonly metrics: readonly object[] } };

/** The examples for prometheus-adapter and KEDA, without either. */
export const scaling: Scene = {
  page: "scaling",
  async given({ world }) {
    await createToken(world);
    await world.startOperator();
  },
  parts: {
    "apply -f examples/scaling.yaml": {
      after: ({ world }) =>
        eventually(async () => {
          const { spec } = await world.get<Scaler>(types.horizontalPodAutoscalers, "team-mcp-server");
          expect(spec.metrics).toContainEqual(expect.objectContaining({ type: "Pods" }));
          expect(spec.metrics).toContainEqual(expect.objectContaining({ type: "Object" }));
        }),
    },
    'type=="Autoscaling"': {
      before: ({ world }) =>
        eventually(async () =>
          expect((await readResource(world, "team")).status?.conditions).toContainEqual(
            expect.objectContaining({ type: "Autoscaling" }),
          ),
        ),
      after: (_, { stdout }) => expect(stdout).toMatch(/^\w.+\n$/),
    },
    "apply -f examples/scaling-keda.yaml": {
      after: ({ world }) =>
        eventually(async () =>
          expect(await exists(world, types.horizontalPodAutoscalers, "team-mcp-server")).toBe(false),
        ),
    },
  },
};
