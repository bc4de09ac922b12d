import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, test, vi } from "vitest";
import { beginSession, keys } from "../../support/server.ts";
import { otherKey, Stage } from "./stage.ts";

const stage = new Stage();
const says = (text: string, more = {}) => stage.talk.says(text, more);

describe("two sessions of one name", () => {
  test("the second is told that the first is there, and hears nothing of what is said to that one", async () => {
    const first = await stage.client({ query: "?session=twice" });
    await stage.bound("twice");
    const second = await stage.client({ query: "?session=twice" });
    await vi.waitFor(() => expect(second.contents()).toEqual([expect.stringContaining('named "twice" and is there')]));
    says("hello");
    await vi.waitFor(() => expect(first.contents()).toEqual(["hello"]));
    expect(second.heard).toHaveLength(1);
    const refused = await second.client.callTool({ name: "register_session", arguments: { name: "twice" } });
    expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("take_over") }] });
  });

  test("the second takes the name over when it asks for that, the first hears nothing more, and takes it back", async () => {
    const first = await stage.client({ query: "?session=over" });
    await stage.bound("over");
    const second = await stage.client({ query: "?session=over" });
    await vi.waitFor(() => expect(second.heard).toHaveLength(1));
    const call = { name: "register_session", arguments: { name: "over", take_over: true } };
    expect(await second.client.callTool(call)).toMatchObject({
      structuredContent: { success: true, is_new: false, comes_by_itself: true },
    });
    says("hello");
    await vi.waitFor(() => expect(second.contents().slice(1)).toEqual(["hello"]));
    expect(first.heard).toEqual([]);
    await first.client.callTool(call);
    says("back again");
    await vi.waitFor(() => expect(first.contents()).toEqual(["back again"]));
    expect(second.contents().slice(1)).toEqual(["hello"]);
  });

  test("the second may have the name when the first was killed; who comes back then is told that it is taken", async () => {
    const killed = await stage.raw("killed");
    const stream = await stage.listen(0, killed.session);
    await stage.bound("killed");
    await stream.cancel();
    await stage.is("away", "killed");
    const second = await stage.client({ query: "?session=killed" });
    await stage.is("here", "killed");
    says("hello");
    await vi.waitFor(() => expect(second.contents()).toEqual(["hello"]));
    const late = await stage.listen(0, killed.session);
    expect(await late.until(/named .*killed.* and is there/)).not.toContain("hello");
    await late.cancel();
  });

  test("the second does not get it while the first comes and goes, on whichever replica", async () => {
    const first = await stage.raw("coming");
    const streams = [await stage.listen(0, first.session)];
    await stage.bound("coming");
    await streams[0]?.cancel();
    streams.push(await stage.listen(1, first.session));
    const second = await stage.client({ query: "?session=coming" });
    await vi.waitFor(() => expect(second.heard).toHaveLength(1));
    says("hello");
    expect(await streams[1]?.until(/hello/)).toContain("hello");
    expect(second.contents()).toEqual([expect.stringContaining("is there")]);
    await streams[1]?.cancel();
  });

  test("the second gets the name by itself when the first is gone", async () => {
    const first = await stage.client({ query: "?session=next" });
    await stage.bound("next");
    const second = await stage.client({ query: "?session=next" });
    await vi.waitFor(() => expect(second.heard).toHaveLength(1));
    await first.transport.terminateSession();
    says("hello");
    await vi.waitFor(() => expect(second.contents().slice(1)).toEqual(["hello"]));
  });
});

test("whoever subscribes to the sessions is told when one comes, is bound, has something waiting, goes and is not heard of any more, of its own key alone", async () => {
  const updates = async (key?: string) => {
    const { client } = await stage.client(key === undefined ? {} : { key });
    let count = 0;
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      if (params.uri === "cctelegram://sessions") count += 1;
    });
    await client.subscribeResource({ uri: "cctelegram://sessions" });
    return () => count;
  };
  const [own, others] = [await updates(), await updates(otherKey)];
  const more = async (what: () => Promise<unknown>) => {
    const before = own();
    await what();
    await vi.waitFor(() => expect(own()).toBeGreaterThan(before));
  };
  const session = { client: "admin", name: "watched", holder: "somebody" };
  const { sessions } = stage.talk.bridge.channel;
  await more(() => sessions.register({ ...session, take_over: false }));
  await more(() => stage.bind("watched"));
  await more(async () => says("hello"));
  await stage.waits(1, "watched");
  await more(() => sessions.leave(session));
  await more(() => sessions.register({ ...session, take_over: false }));
  let generation = 0;
  await more(async () => ({ generation } = await sessions.listen(session)));
  await more(() => sessions.listen({ ...session, generation, lease_seconds: 1 }));
  expect(others()).toBe(0);
  await sessions.register({ client: "other", name: "theirs", holder: "somebody", take_over: false });
  await vi.waitFor(() => expect(others()).toBeGreaterThan(0));
});

describe("a session's name", () => {
  test("is another one when it registers that, on whichever replica it asks", async () => {
    const { client, contents } = await stage.client({ query: "?session=old", fetch: stage.roaming() });
    await stage.is("here", "old");
    for (const name of ["newer", "newest"]) {
      await client.callTool({ name: "register_session", arguments: { name } });
      await stage.is("here", name);
    }
    expect([stage.session("old")?.state, stage.session("newer")?.state]).toEqual(["away", "away"]);
    await stage.bind("newest");
    says("hello");
    await vi.waitFor(() => expect(contents()).toEqual(["hello"]));
    expect(await client.callTool({ name: "reply", arguments: { chat_id: "1", text: "done" } })).toMatchObject({
      structuredContent: { success: true },
    });
    await stage.talk.tells(1, "done");
  });

  test("of a session that is no channel lets it ask for what was said to it; another key finds nothing", async () => {
    const { client, heard } = await stage.client({});
    const registered = await client.callTool({ name: "register_session", arguments: { name: "pull" } });
    expect(registered.structuredContent).toMatchObject({
      comes_by_itself: false,
      message: expect.stringMatching(/get_telegram_responses with session "pull".*\/bind pull/),
    });
    await stage.bind("pull");
    says("hello");
    await stage.waits(1, "pull");
    const other = await stage.client({ key: otherKey });
    const read = async (reader: typeof client) =>
      JSON.stringify((await reader.readResource({ uri: "cctelegram://sessions" })).contents);
    expect(await read(client)).toContain("pull");
    expect(await read(other.client)).not.toContain("pull");
    const ask = async (asking: typeof client) =>
      (await asking.callTool({ name: "get_telegram_responses", arguments: { session: "pull" } })) as {
        structuredContent?: { responses: { message_text: string }[] };
      };
    expect((await ask(other.client)).structuredContent?.responses ?? []).toEqual([]);
    expect((await ask(client)).structuredContent?.responses).toMatchObject([
      { message_text: "hello", session: "pull" },
    ]);
    await stage.waits(0, "pull");
    expect((await ask(client)).structuredContent?.responses).toEqual([]);
    const reply = { name: "reply", arguments: { chat_id: 1, text: "hello", session: "pull" } };
    expect(await other.client.callTool(reply)).toMatchObject({ isError: true });
    expect(heard).toEqual([]);
  });

  test("is asked for where nobody can know it", async () => {
    const response = await stage.at(0).fetch("/tools/reply", { key: keys.all, json: { chat_id: 1, text: "hello" } });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("session: this call comes from no named session");
    const { post } = await beginSession(stage.at(0), keys.all);
    const params = { name: "react", arguments: { chat_id: 1, message_id: 1, emoji: "👍" } };
    const answer = await post({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    expect(await answer.text()).toContain("register_session");
  });

  test("goes with what the session sends, so that an answer to that finds it", async () => {
    const { client, contents } = await stage.client({ query: "?session=sender" });
    await stage.is("here", "sender");
    await client.callTool({ name: "send_telegram_message", arguments: { message: "may I?" } });
    await stage.talk.tells(1, "may I?");
    const { message_id } = stage.talk.told(1).find(({ text = "" }) => text.includes("may I?")) ?? {};
    says("you may", { reply_to: message_id });
    await vi.waitFor(() => expect(contents()).toEqual(["you may"]));
  });
});
