import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../../operator/deployment/resource-types.ts";
import {
  addressed,
  balancer,
  connectionUrl,
  type Exposed,
  expectRest,
  exposedWorld,
  said,
} from "../support/exposure.ts";
import { createResource, eventually, readResource, untilCondition, untilSettled } from "../support/steps.ts";
import type { World } from "../support/world.ts";

let exposed: Exposed;
let world: World;

beforeAll(async () => {
  exposed = await exposedWorld("balancer");
  ({ world } = exposed);
});
afterAll(() => world.dispose());

describe("a load balancer", () => {
  test("gives its address to the status and to the clients", async () => {
    await createResource(world, "open", { exposure: balancer });
    const inside = `http://open-mcp-server.${world.namespace}.svc:8080/mcp`;
    expect((await untilSettled(world, "open")).status?.url).toBe(inside);
    await said(world, types.services, "open-mcp-external", addressed("203.0.113.30"));
    await untilCondition(world, "open", "Exposed", { status: "True" });
    const url = "http://203.0.113.30/mcp";
    await eventually(async () => {
      expect((await readResource(world, "open")).status).toMatchObject({ url, internalUrl: inside });
      expect(await connectionUrl(world, "open")).toEqual([url, url]);
    });
  });

  test("causes no write while nothing changes", async () => {
    await expectRest(exposed, "open");
  });
});
