import { expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import { createResource, createToken, exists, untilSettled } from "../../operator/deployment/support/steps.ts";
import type { Scene } from "../performance.ts";

type Workload = {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
};

/** A resource that is brought to another version, and removed. */
export const upgrade: Scene = {
  page: "upgrade",
  async given({ world }) {
    await createToken(world);
    await world.startOperator();
    await createResource(world, "team");
    await untilSettled(world, "team");
  },
  parts: {
    "wait --for=condition=Ready": {
      async after({ world }) {
        const { spec } = await world.get<Workload>(types.deployments, "team-mcp-server");
        expect(spec.template.spec.containers[0]?.image).toBe("docker.io/cctelegram/server:0.2.0");
      },
    },
    "delete cctd team": {
      after: async ({ world }) => expect(await exists(world, types.cctelegramDeployments, "team")).toBe(false),
    },
  },
};
