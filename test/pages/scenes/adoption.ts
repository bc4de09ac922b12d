import { expect } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { handMadeInstallation } from "../../operator/deployment/adoption/hand-made.ts";
import {
  collectionTimeout,
  createResource,
  createToken,
  eventually,
  exists,
  type readResource,
  untilSettled,
} from "../../operator/deployment/support/steps.ts";
import { exampleIn, type Scene } from "../performance.ts";

type Key = { readonly data: { readonly key: string } };

let exported = "";
const keyIn = async (world: Parameters<typeof readResource>[0]) =>
  (await world.get<Key>(types.secrets, "team-connection-claude")).data.key;

/** Exports a resource that is then gone, and takes over an installation that was made by hand. */
export const adoption: Scene = {
  page: "adoption",
  async given({ world }) {
    await createToken(world);
    await world.startOperator();
    await createResource(world, "team");
    await untilSettled(world, "team");
    exported = await keyIn(world);
  },
  parts: {
    "adoptable -- --resource team < exported.yaml": {
      async before({ world }) {
        await world.delete(types.cctelegramDeployments, "team");
        for (const name of ["team-connection-claude", "team-hmac"])
          await eventually(async () => expect(await exists(world, types.secrets, name)).toBe(false), collectionTimeout);
      },
      async after({ world }) {
        const { metadata } = await untilSettled(world, "team");
        const secret = await world.get(types.secrets, "team-connection-claude");
        expect(secret.metadata.ownerReferences).toMatchObject([{ name: "team", uid: metadata.uid }]);
        expect(await keyIn(world)).toBe(exported);
      },
    },
    "annotate service cctelegram-mcp-service": {
      async before({ world }) {
        for (const [type, object] of handMadeInstallation()) await world.post(type, object);
        const { spec } = exampleIn("adoption", "apiKeys");
        await world.patch(types.cctelegramDeployments, "team", { spec });
        await untilSettled(world, "team");
      },
      // Without it the operator looks within a minute, which e2e/lifecycle.test.ts waits for.
      async after({ world }) {
        await world.restartOperator();
        await eventually(async () => {
          const { metadata } = await world.get(types.services, "cctelegram-mcp-service");
          expect(metadata.ownerReferences).toMatchObject([{ name: "team", controller: true }]);
        });
      },
    },
    "scale deployment cctelegram-mcp-server": {
      async after({ world }) {
        type Former = KubernetesObject & { readonly spec: { readonly replicas: number } };
        expect((await world.get<Former>(types.deployments, "cctelegram-mcp-server")).spec.replicas).toBe(0);
        await untilSettled(world, "team");
      },
    },
  },
};
