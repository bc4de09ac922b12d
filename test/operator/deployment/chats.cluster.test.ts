import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  environmentOf,
  eventually,
  readResource,
  untilAnnounced,
  untilCondition,
  untilSettled,
  versions,
} from "./support/steps.ts";
import { minimalSpec, World } from "./support/world.ts";

let world: World;

const ops = { name: "ops", id: -1_001_234_567_890, topic: 7 };
const news = { name: "news", id: "@team_news" };
const critical = { severities: ["critical"], chats: ["ops", "allowedUsers"] };

const telegram = (fields: object) => ({ telegram: { ...minimalSpec.telegram, ...fields } });

beforeAll(async () => {
  world = await World.create("chats");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

describe("the API server refuses", () => {
  const names = Array.from({ length: 51 }, (_, index) => ({ name: `c${index}`, id: -1 - index }));

  test.each<[string, object, RegExp]>([
    ["two chats of one name", { chats: [ops, { ...news, name: "ops" }] }, /chats\[1\].*Duplicate value/],
    ["a chat without a name", { chats: [{ id: -1 }] }, /name.*Required value/],
    ["the name that stands for the allowed users", { chats: [{ ...ops, name: "allowedUsers" }] }, /chats\[0\]\.name/],
    ["0 for an id", { chats: [{ ...ops, id: 0 }] }, /id must be that of a person, group or channel: 0 is none/],
    ["an id that Telegram has not", { chats: [{ ...ops, id: -1_000_000_000_000_000 }] }, /chats\[0\]\.id/],
    ["a public name without @", { chats: [{ ...ops, id: "team_news" }] }, /chats\[0\]\.id/],
    ["a link instead of a public name", { chats: [{ ...ops, id: "https://t.me/team_news" }] }, /chats\[0\]\.id/],
    ["a topic that is none", { chats: [{ ...ops, topic: 0 }] }, /chats\[0\]\.topic/],
    ["too many chats", { chats: names }, /must have at most 50 items/],
    [
      "a route to a chat that there is not",
      { chats: [ops], routes: [critical, { clients: ["ci"], chats: ["op"] }] },
      /routes must name chats of telegram\.chats, or allowedUsers/,
    ],
    [
      "a route to a chat when there are none",
      { routes: [critical] },
      /routes must name chats of telegram\.chats, or allowedUsers/,
    ],
    [
      "a route that says nothing of events",
      { chats: [ops], routes: [{ chats: ["ops"] }] },
      /a route must say which events it is for, by eventTypes, sources, severities, clients; eventTypes: \['\*'\] is every event/,
    ],
    ["a route to nowhere", { routes: [{ clients: ["ci"], chats: [] }] }, /routes\[0\]\.chats/],
    ["an empty list", { routes: [{ clients: [], chats: ["allowedUsers"] }] }, /routes\[0\]\.clients/],
    [
      "a chat twice in a route",
      { chats: [ops], routes: [{ clients: ["ci"], chats: ["ops", "ops"] }] },
      /Duplicate value/,
    ],
    ["what Kubernetes would expand", { routes: [{ sources: ["$(HOME)"], chats: ["allowedUsers"] }] }, /sources\[0\]/],
    [
      "the variable instead of the field",
      { env: [{ name: "TELEGRAM_ROUTES", value: "[]" }] },
      /this variable is set by the operator/,
    ],
  ])("%s", async (_what, { env, ...fields }: { env?: object }, message) => {
    const spec = { ...telegram(fields), ...(env ? { bridge: { env } } : {}) };
    await expect(createResource(world, "wrong", spec)).rejects.toThrow(message);
  });
});

test("chats and routes reach the bridge, which alone is replaced when they change", async () => {
  await createResource(world, "team");
  await untilSettled(world, "team");
  const environment = () => environmentOf(world, types.statefulSets, "team-bridge");
  expect(Object.keys(await environment()).filter((name) => /CHATS|ROUTES/.test(name))).toEqual([]);
  const before = await versions(world, "team");

  await changeSpec(world, "team", telegram({ chats: [ops, news], routes: [critical] }));
  await eventually(async () => {
    const { TELEGRAM_CHATS = "", TELEGRAM_ROUTES = "" } = await environment();
    expect(JSON.parse(TELEGRAM_CHATS)).toEqual([ops, news]);
    expect(JSON.parse(TELEGRAM_ROUTES)).toEqual([critical]);
  });
  await untilSettled(world, "team");
  const after = await versions(world, "team");
  expect(after["statefulsets/team-bridge"]).not.toBe(before["statefulsets/team-bridge"]);
  expect(after["deployments/team-mcp-server"]).toBe(before["deployments/team-mcp-server"]);

  await changeSpec(world, "team", telegram({ chats: null, routes: null }));
  await eventually(async () => expect(await environment()).not.toHaveProperty("TELEGRAM_CHATS"));
});

test("the largest list of chats and routes is taken", async () => {
  const chats = Array.from({ length: 50 }, (_, index) => ({ name: `${"x".repeat(38)}${10 + index}`, id: -1 - index }));
  const to = chats.slice(30).map(({ name }) => name);
  const routes = Array.from({ length: 20 }, () => ({
    eventTypes: Array.from({ length: 20 }, (_, index) => `${"y".repeat(62)}${10 + index}`),
    clients: Array.from({ length: 10 }, (_, index) => `${"z".repeat(62)}${10 + index}`),
    chats: to,
  }));
  await createResource(world, "full", telegram({ chats, routes }));
  await untilSettled(world, "full");
  const { TELEGRAM_ROUTES = "" } = await environmentOf(world, types.statefulSets, "full-bridge");
  expect(JSON.parse(TELEGRAM_ROUTES)).toEqual(routes);
});

test("a chat that refuses, and a topic, are told by the names of the resource", async () => {
  const at = "2026-01-01T00:00:00Z";
  const reason = "chat news (@team_news) does not exist, or the bot is not in it";
  world.answers.refusals = [{ chat_id: 0, name: "news", reason, hint: "check its name", messages: 2, at }];
  await createResource(world, "refused");
  const resource = await untilCondition(world, "refused", "Delivering", { reason: "RecipientRefused" });
  expect(conditionOf(resource, "Delivering")?.message).toBe("Telegram refuses messages to news (check its name)");

  world.answers.refusals = [];
  world.answers.refused_topics = [{ chat_id: -100, topic: 7, name: "ops", reason: "closed", hint: "open it", at }];
  await untilCondition(world, "refused", "Delivering", { status: "False", reason: "TopicRefused" }, 60_000);
  await untilAnnounced(world, "refused", "TopicRefused");
  expect(conditionOf(await readResource(world, "refused"), "Ready")).toMatchObject({ status: "True" });
});
