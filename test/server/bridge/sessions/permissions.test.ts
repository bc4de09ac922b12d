import { describe, expect, test } from "vitest";
import { answers, edits, press, questionIn } from "../approvals/support.ts";
import { signedFetch, until } from "../support.ts";
import type { TestSession } from "./support.ts";
import { ANNA, BEN, GROUP, MALLORY, Talk } from "./talk.ts";

const talk = new Talk({}, { groups: [{ id: GROUP, type: "supergroup", bot: "administrator", topics: [{ id: 7 }] }] });

const prompt = {
  request_id: "abcde",
  tool_name: "Bash",
  description: "Delete the build",
  input_preview: "rm -rf build",
};
const asks = (session: TestSession, more: object = {}) => session.call("/sessions/permissions", { ...prompt, ...more });
const says = (text: string, from = ANNA) => talk.says(text, { from });
const outcome = (part: string) => until(part, () => edits(talk.telegram).some(({ text }) => text.includes(part)));

const ALLOW = 0;
const DENY = 1;
const MORE = 2;

describe("a prompt of a tool", () => {
  test("is asked where the session is bound, and allowed by a button", async () => {
    const api = await talk.bound("api");
    const { status, body } = await asks(api);
    expect(status).toBe(200);
    expect(body).toMatchObject({ messages: 1, duplicate: false });
    expect((await asks(api)).body).toMatchObject({ approval_id: body.approval_id, duplicate: true });
    const { texts } = await questionIn(talk.telegram, 1);
    expect(texts).toEqual(["Allow", "Deny", "See more"]);
    expect(talk.told(1).at(-1)?.text).toContain("Allow Bash in api?");
    expect(talk.told(2)).toEqual([]);
    await press(talk.telegram, ANNA, ALLOW);
    expect(await talk.hears(api)).toEqual(["allow abcde"]);
    await outcome("✅ Allow — Anna");
  });

  test("of a session that is bound nowhere is asked of everybody; the first answer counts, and the second is told so", async () => {
    const api = await talk.session("api");
    await asks(api);
    await questionIn(talk.telegram, 1);
    await questionIn(talk.telegram, 2);
    // Both press before anybody sees that it is over.
    const pressed = await Promise.all([questionIn(talk.telegram, 2), questionIn(talk.telegram, 1)]);
    const [ofBen, ofAnna] = [
      { from: BEN, ...pressed[0], data: pressed[0].data[DENY] ?? "" },
      { from: ANNA, ...pressed[1], data: pressed[1].data[ALLOW] ?? "" },
    ];
    talk.telegram.control({ presses: [ofBen, ofAnna] });
    expect(await talk.hears(api)).toEqual(["deny abcde"]);
    await until("both", () => answers(talk.telegram).length === 2);
    expect(answers(talk.telegram)[1]).toContain("This is over. ❌ Deny — Ben");
    expect(await api.texts()).toEqual([]);
  });

  test("is answered in words, in any letters, once; other words go to the session", async () => {
    const api = await talk.bound("api");
    await asks(api);
    await questionIn(talk.telegram, 1);
    says("yes there");
    expect(await talk.hears(api)).toEqual(["yes there"]);
    says(" NO ABCDE ");
    expect(await talk.hears(api)).toEqual(["deny abcde"]);
    await talk.tells(1, "❌ Deny — Anna");
    await outcome("❌ Deny — Anna");
    says("yes abcde");
    await talk.tells(1, "This is over. ❌ Deny — Anna");
    expect(await api.texts()).toEqual([]);
    expect((await talk.bridge.responses({ client: "ci", since: 0, limit: 10 })).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^deny_permission/),
      "yes there",
    ]);
  });

  test("is nobody's who is not on the list, in words or by a button", async () => {
    const api = await talk.bound("api");
    await asks(api);
    const { message_id, data } = await questionIn(talk.telegram, 1);
    says("yes abcde", MALLORY);
    talk.telegram.control({ presses: [{ from: MALLORY, chat_id: 1, message_id, data: data[ALLOW] ?? "" }] });
    await talk.tells(MALLORY.id, "not on the list");
    await until("the answer", () => answers(talk.telegram).length === 1);
    expect(await api.texts()).toEqual([]);
    await press(talk.telegram, ANNA, ALLOW);
    expect(await talk.hears(api)).toEqual(["allow abcde"]);
  });

  test("shows more on demand, which decides nothing, and can be decided then", async () => {
    const api = await talk.bound("api");
    await asks(api, { input_preview: `${"echo long; ".repeat(100)}END` });
    const before = await questionIn(talk.telegram, 1);
    expect(talk.told(1).at(-1)?.text).not.toContain("END");
    talk.telegram.control({ presses: [{ from: ANNA, ...before, data: before.data[MORE] ?? "" }] });
    await outcome("END");
    expect(await api.texts()).toEqual([]);
    talk.telegram.control({ presses: [{ from: ANNA, ...before, data: before.data[DENY] ?? "" }] });
    expect(await talk.hears(api)).toEqual(["deny abcde"]);
    expect(talk.telegram.violations()).toEqual([]);
  });

  test("is closed by an answer in the terminal, and whoever presses then is told so", async () => {
    const api = await talk.bound("api");
    await asks(api);
    await asks(api, { request_id: "fghij" });
    await questionIn(talk.telegram, 1);
    const answered = (request_ids?: string[]) =>
      api.call("/sessions/permissions/answered", request_ids === undefined ? {} : { request_ids });
    expect((await answered(["abcde"])).body).toEqual({ closed: 1 });
    await outcome("Answered in the terminal");
    says("yes abcde");
    await talk.tells(1, "This is over. ↩️ Answered in the terminal");
    expect((await answered()).body).toEqual({ closed: 1 });
    expect((await answered()).body).toEqual({ closed: 0 });
    expect(await api.texts()).toEqual([]);
  });

  test("answered after a restart is decided, and the verdict waits for the holder that asked", async () => {
    const api = await talk.bound("api");
    await asks(api);
    await questionIn(talk.telegram, 1);
    await talk.restart();
    await press(talk.telegram, ANNA, ALLOW);
    await outcome("✅ Allow — Anna");
    await talk.restart();
    await api.listen();
    expect(await api.texts()).toEqual(["allow abcde"]);
  });

  test("of a holder that has left is closed; of one that was replaced it ends, and no verdict reaches the new one", async () => {
    const api = await talk.bound("api");
    await asks(api);
    await questionIn(talk.telegram, 1);
    await api.call("/sessions/leave");
    await outcome("The session that asked is gone");
    says("yes abcde");
    await talk.tells(1, "This is over. ↩️ The session that asked is gone");
    await api.begin();
    await asks(api, { request_id: "fghij" });
    await until("the question", () => talk.told(1).some(({ text }) => text?.includes("fghij")));
    await press(talk.telegram, ANNA, ALLOW);
    await until("the decision", () => answers(talk.telegram).length === 1);
    const other = { client: "ci", name: "api", holder: "other", take_over: true };
    await signedFetch(`${talk.bridge.url}/sessions`, "POST", JSON.stringify(other));
    await talk.bridge.channel.sessions
      .listen({ client: "ci", name: "api", holder: "other" })
      .then(async ({ generation }) => {
        const { events } = await talk.bridge.channel.sessions.next({ ...other, generation });
        expect(events).toEqual([]);
      });
  });

  test("is asked by the holder of the session alone, in the words of Claude Code", async () => {
    const api = await talk.bound("api");
    expect(await asks(api, { holder: "another" })).toMatchObject({ status: 409, body: { code: "SESSION_NAME_TAKEN" } });
    expect(await asks(api, { request_id: "hello" })).toMatchObject({ status: 400 });
    expect(await asks(api, { name: "web" })).toMatchObject({ status: 404 });
  });
});
