import { afterAll, beforeAll, expect, test } from "vitest";
import { pairAnnotation } from "../../../operator/deployment/names.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import { bridgeFor, configFor, type Scratch, scratch, type TestBridge, until } from "../../server/bridge/support.ts";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import { disturbedClient } from "./support/disturbed-client.ts";
import {
  changeSpec,
  createResource,
  createToken,
  eventsOf,
  eventually,
  type Resource,
  readResource,
  untilCondition,
  untilSettled,
} from "./support/steps.ts";
import { minimalSpec, World } from "./support/world.ts";

let world: World;
let telegram: TelegramServer;
let bridge: TestBridge;
let files: Scratch;
/** Answers of the bridge to codes. */
let answers: number[];
let isSilent = false;
let unanswered = 0;
let isNoteLost = false;

const pairing = { telegram: { ...minimalSpec.telegram, pairing: "Code" } };

beforeAll(async () => {
  world = await World.create("pairing");
  world.kubelet.start();
  await createToken(world);
  world.disturb = (client) =>
    disturbedClient(client, (request) =>
      isNoteLost && answers.length > 0 && request.endsWith("/status") ? "never sent" : undefined,
    );
  world.answers.pair = async (path, { method, headers, body }) => {
    if (isSilent) unanswered += 1;
    if (isSilent) throw new TypeError("fetch failed");
    const answer = await fetch(bridge.url + path, { method: method!, headers: headers!, body: body! });
    answers.push(answer.status);
    return answer;
  };
  await world.startOperator();
  await createResource(world, "team", pairing);
  await untilSettled(world, "team");
  [telegram, files] = [await startTelegram({ limits: false }), await scratch()];
  type Secret = Resource & { readonly data: Readonly<Record<string, string>> };
  const { data } = await world.get<Secret>(types.secrets, "team-hmac");
  const hmac = { secret: Buffer.from(data.secret!, "base64").toString() };
  const fast = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };
  const people = { allowedUsers: [1], pairing: "Code", updates: { mode: "Polling" }, ...fast } as const;
  bridge = await bridgeFor(configFor(files.path, telegram.url, { hmac, telegram: people }));
  await until("the bridge", () => bridge.obstacles().length === 0);
});
afterAll(async () => {
  await bridge?.close();
  await telegram?.close();
  await files?.[Symbol.asyncDispose]();
  await world?.dispose();
});

const told = (id: number, words: string) =>
  telegram.delivered().filter(({ chat_id, text }) => chat_id === id && text?.includes(words));

/** Somebody new writes to the bot, and is told a code. */
async function codeOf(id: number, name: string): Promise<string> {
  telegram.control({ says: [{ from: { id, first_name: name }, text: "hello" }] });
  await until("the code", () => told(id, "/pair: ").length > 0);
  return told(id, "/pair: ")[0]!.text!.slice(-6);
}

const annotate = (code: string | null, name = "team") => {
  answers = [];
  return world.patch(types.cctelegramDeployments, name, { metadata: { annotations: { [pairAnnotation]: code } } });
};
const untilNoted = (code: string, outcome: "Paired" | "Refused", name = "team") =>
  eventually(async () => expect((await readResource(world, name)).status?.pairing).toMatchObject({ code, outcome }));
const eventsAbout = async (words: string) =>
  (await eventsOf(world, "team")).filter(({ message }) => String(message).includes(words));
const confirmations = (id: number) =>
  bridge.log
    .map((line) => JSON.parse(line))
    .filter(({ decision, user_id }) => decision === "pairing" && user_id === id);

test("the bridge lets in whoever was told the code, once, and an event says who", async () => {
  const code = await codeOf(50, "Nina");
  await annotate(code.toUpperCase());
  await untilNoted(code.toUpperCase(), "Paired");
  await eventually(async () =>
    expect(await eventsAbout("user 50 (")).toMatchObject([
      { type: "Normal", reason: "PersonPaired", message: expect.stringContaining("Nina) may talk to the bot") },
    ]),
  );
  await until("the welcome", () => told(50, "You may talk to this bot now").length === 1);
  expect(confirmations(50)).toMatchObject([{ outcome: "done", client: "cctelegram-operator" }]);
  await world.restartOperator();
  expect(answers).toEqual([200]);
  expect(await eventsAbout("user 50 (")).toHaveLength(1);
  await annotate(null);
  await eventually(async () => expect((await readResource(world, "team")).status).not.toHaveProperty("pairing"));
  expect(answers).toEqual([]);
});

test("an operator that ends before it has noted the answer asks again, and nothing happens twice", async () => {
  const code = await codeOf(51, "Otto");
  isNoteLost = true;
  await annotate(code);
  await until("the confirmation", () => answers.length > 0);
  await world.stopOperator();
  isNoteLost = false;
  expect((await readResource(world, "team")).status).not.toHaveProperty("pairing");
  expect(await eventsAbout("user 51 (")).toEqual([]);
  await world.startOperator();
  await untilNoted(code, "Paired");
  await eventually(async () => expect(await eventsAbout("user 51 (")).toHaveLength(1));
  await until("the welcome", () => told(51, "You may talk to this bot now").length > 0);
  expect(confirmations(51)).toHaveLength(1);
  expect(told(51, "You may talk to this bot now")).toHaveLength(1);
});

test("a code that nobody waits with lets nobody in, and the event says what to do", async () => {
  await annotate("222222");
  await untilNoted("222222", "Refused");
  await eventually(async () =>
    expect(await eventsAbout("nobody was told this code")).toMatchObject([
      { type: "Warning", reason: "PairingRefused", message: expect.stringContaining("write to the bot") },
    ]),
  );
  await world.restartOperator();
  expect(answers).toEqual([404]);
  await annotate("what");
  await untilNoted("what", "Refused");
  expect(answers).toEqual([]);
});

test("a bridge that does not answer is asked until it does, and a paused resource when it goes on", async () => {
  const code = await codeOf(52, "Pia");
  await changeSpec(world, "team", { reconciliation: "Paused" });
  await untilCondition(world, "team", "Paused", { status: "True" });
  const before = await world.passes();
  await annotate(code);
  await eventually(async () => expect(await world.passes()).toBeGreaterThan(before));
  expect(answers).toEqual([]);
  isSilent = true;
  await changeSpec(world, "team", { reconciliation: "Active" });
  await until("a call without an answer", () => unanswered > 0);
  isSilent = false;
  await untilNoted(code, "Paired");
  expect(answers).toEqual([200]);
});

test("without pairing, and with a bridge of before, nobody is let in", async () => {
  await createResource(world, "closed");
  await untilSettled(world, "closed");
  await annotate("abc234", "closed");
  await untilNoted("abc234", "Refused", "closed");
  expect(answers).toEqual([]);
  expect((await readResource(world, "closed")).status?.pairing?.message).toContain("set telegram.pairing to Code");
  delete world.answers.pair;
  await annotate("xyz234");
  await untilNoted("xyz234", "Refused");
  expect((await readResource(world, "team")).status?.pairing?.message).toContain("update it");
});
