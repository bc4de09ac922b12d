import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { describe, expect, test, vi } from "vitest";
import { readPermissionRequest } from "../../../../server/mcp/channel/permission-request.ts";
import { edits, press, questionIn, questions } from "../../bridge/approvals/support.ts";
import { ANNA } from "../../bridge/sessions/talk.ts";
import { until } from "../../bridge/support.ts";
import { beginSession, keys } from "../../support/server.ts";
import { Stage } from "./stage.ts";

const stage = new Stage();
const asked = { request_id: "abcde", tool_name: "Bash", description: "Lists files", input_preview: "ls -l" };
const method = "notifications/claude/channel/permission_request";
const ask = (client: Client, params: object) =>
  client.notification({ method, params } as Parameters<Client["notification"]>[0]);
const DENY = 1;

describe("prompts of a session's tools", () => {
  test("become approvals, on whichever replica, and the verdict goes back to the session", async () => {
    const { client, verdicts } = await stage.client({ query: "?session=prompts", fetch: stage.roaming() });
    await stage.bound("prompts");
    await ask(client, asked);
    await questionIn(stage.talk.telegram, 1);
    expect(stage.talk.told(1).at(-1)?.text).toMatch(/Allow Bash in prompts\?[\s\S]*ls -l/);
    await press(stage.talk.telegram, ANNA, DENY);
    await vi.waitFor(() => expect(verdicts).toEqual([{ request_id: "abcde", behavior: "deny" }]));
    await ask(client, { ...asked, request_id: "words" });
    await until("the second question", () => questions(stage.talk.telegram).length === 2);
    stage.talk.says("yes words");
    await vi.waitFor(() => expect(verdicts.at(-1)).toEqual({ request_id: "words", behavior: "allow" }));
    expect(verdicts).toHaveLength(2);
  });

  test("about a tool of this server are closed when the session calls it: somebody has allowed it in the terminal", async () => {
    const { client, verdicts } = await stage.client({ query: "?session=terminal" });
    await stage.bound("terminal");
    await ask(client, asked);
    await ask(client, { ...asked, request_id: "owned", tool_name: "mcp__cctelegram__list_event_types" });
    await until("both questions", () => questions(stage.talk.telegram).length === 2);
    for (const name of ["get_bridge_status", "list_event_types"]) await client.callTool({ name });
    await until("one is closed", () => edits(stage.talk.telegram).length > 0);
    expect(edits(stage.talk.telegram).map(({ text }) => text)).toEqual([expect.stringContaining("list_event_types")]);
    stage.talk.says("no abcde");
    await vi.waitFor(() => expect(verdicts).toEqual([{ request_id: "abcde", behavior: "deny" }]));
  });

  test("of a session that has left are told to nobody", async () => {
    const first = await stage.client({ query: "?session=left" });
    await stage.bound("left");
    await ask(first.client, asked);
    await questionIn(stage.talk.telegram, 1);
    await first.transport.terminateSession();
    await stage.is("away", "left");
    const second = await stage.client({ query: "?session=left" });
    await stage.is("here", "left");
    stage.talk.says("yes abcde");
    stage.talk.says("hello");
    await vi.waitFor(() => expect(second.contents()).toContain("hello"));
    expect([first.verdicts, second.verdicts]).toEqual([[], []]);
  });

  test("are refused when they are none, and dropped where nobody is a channel", async () => {
    const { post, session } = await stage.raw("wrong");
    const stream = await stage.listen(0, session);
    await stage.bound("wrong");
    const prompt = (params: object) => ({ jsonrpc: "2.0", method, params });
    for (const wrong of [
      { ...asked, request_id: "abcdl" },
      { ...asked, request_id: "abcd" },
      { request_id: "abcde" },
    ]) {
      expect((await post(prompt(wrong))).status).toBe(400);
    }
    const { post: nameless } = await beginSession(stage.at(0), keys.all);
    expect((await nameless(prompt(asked))).status).toBe(202);
    expect((await post(prompt({ ...asked, tool_name: "Write" }))).status).toBe(202);
    await questionIn(stage.talk.telegram, 1);
    expect(questions(stage.talk.telegram)).toHaveLength(1);
    await stream.cancel();
  });

  test("are shortened to what a message has room for", () => {
    const long = { ...asked, tool_name: "x".repeat(500), description: "d".repeat(9_000), input_preview: undefined };
    expect(readPermissionRequest(long)).toEqual({
      request_id: "abcde",
      tool_name: `${"x".repeat(199)}…`,
      description: `${"d".repeat(1_999)}…`,
      input_preview: "",
    });
    expect(() => readPermissionRequest({ ...asked, tool_name: "" })).toThrow("tool_name");
  });
});
