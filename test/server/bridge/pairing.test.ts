import { describe, expect, test } from "vitest";
import { pairingCode } from "../../../server/bridge/pairing/pairing-code.ts";
import { ANNA, BEN, MALLORY, Talk } from "./sessions/talk.ts";
import { signedFetch, until } from "./support.ts";

const NEW = { id: 50, first_name: "Nina", username: "nina" };

const codeFor = (talk: Talk, chat: number) => {
  const line = talk.told(chat).find(({ text }) => text?.includes("/pair: "))?.text ?? "";
  return /: (\w{6})$/.exec(line)?.[1] ?? "";
};

const pair = (talk: Talk, code: string, client = "admin") =>
  signedFetch(`${talk.bridge.url}/people/pair`, "POST", JSON.stringify({ client, code }));

test("a code is six characters that nobody takes for others", () => {
  expect(pairingCode(() => 0)).toBe("aaaaaa");
  expect(pairingCode((bound) => bound - 1)).toBe("999999");
});

describe("with pairing", () => {
  const talk = new Talk({ telegram: { pairing: "Code", admins: [1] } });

  test("somebody new is told a code, an administrator confirms it, and the session hears them; /unpair ends that", async () => {
    const api = await talk.bound("api");
    talk.says("hello", { from: NEW });
    await until("the code", () => codeFor(talk, NEW.id) !== "");
    const code = codeFor(talk, NEW.id);
    talk.says(`/pair ${code}`, { from: NEW });
    talk.says(`/pair ${code}`, { from: BEN });
    await talk.tells(BEN.id, "Only administrators");
    talk.says("/pair 222222");
    await talk.tells(ANNA.id, "Nobody was told this code");
    talk.says(`/pair ${code.toUpperCase()}`);
    await talk.tells(ANNA.id, "Nina (50) may talk to me now");
    await talk.tells(NEW.id, "You may talk to this bot now");
    talk.says("/bind api", { from: NEW });
    await talk.tells(NEW.id, "api hears what is said here");
    talk.says(`/pair ${code}`, { from: NEW });
    await talk.tells(NEW.id, "Only administrators");
    await talk.restart();
    talk.says("it is me", { from: NEW });
    await api.listen();
    expect(await talk.hears(api)).toEqual(["it is me"]);
    talk.says("/unpair 50");
    await talk.tells(ANNA.id, "50 may not talk to me any more");
    talk.says("and now?", { from: NEW });
    await until("a new code", () => talk.told(NEW.id).filter(({ text }) => text?.includes("/pair: ")).length >= 2);
    expect(await api.texts()).toEqual([]);
  });

  test("whoever writes again is told twice, then nothing; a fourth waits as a stranger; a code counts once", async () => {
    for (const id of [51, 52, 53]) {
      talk.says("hello", { from: { id } });
      await until("the code", () => codeFor(talk, id) !== "");
    }
    for (let n = 0; n < 3; n += 1) talk.says("again", { from: { id: 51 } });
    talk.says("hello", { from: { id: 54 } });
    await talk.tells(54, "send its administrator this id");
    expect(codeFor(talk, 54)).toBe("");
    await until("the second line", () => talk.told(51).length === 2);
    const answer = await pair(talk, codeFor(talk, 52));
    expect(await answer.json()).toEqual({ user_id: 52, username: null, first_name: "Person 52" });
    const again = await pair(talk, codeFor(talk, 52), "other");
    expect([again.status, await again.json()]).toMatchObject([404, { code: "PAIRING_CODE_UNKNOWN" }]);
    expect((await pair(talk, "hello")).status).toBe(400);
    await talk.tells(52, "You may talk to this bot now");
    expect(talk.told(51)).toHaveLength(2);
    expect(
      talk.bridge.log.map((line) => JSON.parse(line)).filter(({ decision }) => decision === "pairing"),
    ).toHaveLength(2);
  });

  test("whoever did not hear that a code was confirmed asks again, after a restart too: nothing happens twice, and nothing after /unpair", async () => {
    const decisions = () =>
      talk.bridge.log.map((line) => JSON.parse(line)).filter(({ decision }) => decision === "pairing");
    talk.says("hello", { from: { id: 53 } });
    await until("the code", () => codeFor(talk, 53) !== "");
    const code = codeFor(talk, 53);
    expect((await pair(talk, code)).status).toBe(200);
    await talk.tells(53, "You may talk to this bot now");
    await talk.restart();
    expect(await (await pair(talk, code)).json()).toEqual({ user_id: 53, username: null, first_name: "Person 53" });
    expect(decisions()).toEqual([]);
    talk.says("/unpair 53");
    await talk.tells(ANNA.id, "53 may not talk to me any more");
    expect((await pair(talk, code)).status).toBe(404);
    expect(talk.told(53).filter(({ text }) => text?.includes("You may talk"))).toHaveLength(1);
  });

  test("in a group nobody is told a code, and a paired person gets no messages of clients", async () => {
    talk.says("@test_123456789_bot hello", { from: MALLORY, chat_id: -7 });
    talk.says("/start@test_123456789_bot", { from: MALLORY, chat_id: -7 });
    await talk.tells(-7, "send its administrator this id");
    expect(codeFor(talk, -7)).toBe("");
    expect(talk.bridge.pairings.isOn).toBe(true);
  });
});

describe("without pairing", () => {
  const talk = new Talk();

  test("strangers are told their id, no code counts, and /pair says so", async () => {
    talk.says("hello", { from: NEW });
    await talk.tells(NEW.id, "send its administrator this id");
    expect(codeFor(talk, NEW.id)).toBe("");
    expect((await pair(talk, "abcdef")).status).toBe(404);
    talk.says("/pair abcdef");
    await talk.tells(ANNA.id, "Nobody is paired here");
  });
});
