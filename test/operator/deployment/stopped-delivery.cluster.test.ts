import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { program } from "../../../e2e/cluster/programs.ts";
import { run } from "../../../machine/command.mjs";
import * as types from "../../../operator/deployment/resource-types.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  environmentOf,
  eventsOf,
  eventually,
  untilAnnounced,
  untilCondition,
  untilReady,
} from "./support/steps.ts";
import { minimalSpec, World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("stopped");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

const column = async (name: string) => {
  const kubectl = await program("kubectl");
  const args = ["--kubeconfig", inject("kubeconfig"), "-n", world.namespace, "get", "cctd", name];
  const [header = "", line = ""] = (await run(kubectl, args)).split("\n");
  return line.split(/\s+/)[header.split(/\s+/).indexOf("DELIVERING")];
};

test("a bridge whose delivery a client has stopped is shown, and called neither broken nor late", async () => {
  await createResource(world, "team");
  await untilCondition(world, "team", "Delivering", { status: "True", reason: "NothingRefused" });
  await untilReady(world, "team");
  expect(await column("team")).toBe("True");

  world.answers.paused = { since: "2026-01-01T00:00:00.000Z", by: "claude" };
  const told =
    "delivery has been stopped by the client claude since 2026-01-01T00:00:00.000Z until the tool start_bridge is called";
  const wait = 60_000;
  const resource = await untilCondition(
    world,
    "team",
    "Delivering",
    { status: "False", reason: "DeliveryPaused", message: `${told}: messages are accepted and kept` },
    wait,
  );
  expect(conditionOf(resource, "Ready")).toMatchObject({
    status: "True",
    reason: "Ready",
    message: `clients can connect; ${told}, and messages are kept`,
  });
  for (const type of ["BridgeAvailable", "QueueHealthy", "TelegramReachable"]) {
    expect(conditionOf(resource, type)).toMatchObject({ status: "True" });
  }
  for (const type of ["Degraded", "Stalled", "Paused"]) expect(conditionOf(resource, type)?.status).toBe("False");
  expect(await column("team")).toBe("False");
  await untilAnnounced(world, "team", "DeliveryPaused");
  expect((await eventsOf(world, "team")).find(({ reason }) => reason === "DeliveryPaused")?.type).toBe("Normal");

  delete world.answers.paused;
  await untilCondition(world, "team", "Delivering", { status: "True", reason: "NothingRefused" }, wait);
  await untilAnnounced(world, "team", "DeliveryResumed");
});

describe("quiet hours and time zone", () => {
  const telegram = (fields: object) => ({ telegram: { ...minimalSpec.telegram, ...fields } });

  test("reach the bridge, and only if the resource names them", async () => {
    const bridgeOf = (name: string) => environmentOf(world, types.statefulSets, `${name}-bridge`);
    await createResource(
      world,
      "quiet",
      telegram({ quietHours: { start: "22:00", end: "07:00" }, timeZone: "Europe/Berlin" }),
    );
    await untilReady(world, "quiet");
    expect(await bridgeOf("quiet")).toMatchObject({
      TELEGRAM_QUIET_HOURS: "22:00-07:00",
      CC_TELEGRAM_TIMEZONE: "Europe/Berlin",
    });
    await changeSpec(world, "quiet", telegram({ quietHours: { start: "20:30", end: "24:00", days: ["Fri", "Sat"] } }));
    await eventually(async () =>
      expect(await bridgeOf("quiet")).toMatchObject({ TELEGRAM_QUIET_HOURS: "20:30-24:00 Fri,Sat" }),
    );
    await changeSpec(world, "quiet", telegram({ quietHours: null, timeZone: null }));
    await eventually(async () => expect(await bridgeOf("quiet")).not.toHaveProperty("TELEGRAM_QUIET_HOURS"));
    expect(await bridgeOf("quiet")).not.toHaveProperty("CC_TELEGRAM_TIMEZONE");
  });

  test.each(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Asia/Kolkata"])(
    "in %s are taken",
    async (timeZone) => {
      const name = `in-${timeZone.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
      await createResource(world, name, telegram({ timeZone }));
      await world.delete(types.cctelegramDeployments, name);
    },
  );

  test.each<[string, object, RegExp]>([
    ["a zone that does not exist", { timeZone: "Europe/Atlantis" }, /timeZone.*Europe\/Atlantis/],
    ["the zone of whatever machine it is", { timeZone: "Local" }, /timeZone must be the IANA name/],
    ["an offset", { timeZone: "+02:00" }, /timeZone/],
    ["an empty zone", { timeZone: "" }, /timeZone/],
    ["a time that ends when it begins", { quietHours: { start: "22:00", end: "22:00" } }, /must end at another time/],
    ["a time that is none", { quietHours: { start: "25:00", end: "07:00" } }, /quietHours\.start/],
    ["a beginning at the end of the day", { quietHours: { start: "24:00", end: "07:00" } }, /quietHours\.start/],
    ["no end", { quietHours: { start: "22:00" } }, /quietHours\.end: Required value/],
    ["a day that is none", { quietHours: { start: "22:00", end: "07:00", days: ["Friday"] } }, /days\[0\]/],
    ["a day twice", { quietHours: { start: "22:00", end: "07:00", days: ["Fri", "Fri"] } }, /Duplicate value/],
    ["no day", { quietHours: { start: "22:00", end: "07:00", days: [] } }, /days.*at least 1/],
  ])("with %s are refused", async (_what, fields, message) => {
    await expect(createResource(world, "wrong", telegram(fields))).rejects.toThrow(message);
  });
});
