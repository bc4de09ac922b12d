import { describe, expect, test } from "vitest";
import { ServerError } from "../../../contract/errors.ts";
import { tools } from "../../../server/tools/registry.ts";
import { strictTools } from "../../../server/tools/strict-tools.ts";
import type { ToolContext } from "../../../server/tools/tool.ts";
import { listingOf } from "../../../server/tools/tool-listing.ts";

const strict = strictTools(tools);

/** What a strict tool says to arguments: the refusal's details, or undefined when they got as far as the tool's own work. */
async function refusal(name: string, args: unknown): Promise<Record<string, unknown> | undefined> {
  // Whatever a tool does with its context ends there.
  const nothing = {} as ToolContext;
  const error = await strict
    .get(name)
    ?.call(args, nothing)
    .catch((thrown: unknown) => thrown);
  return error instanceof ServerError && error.code === "VALIDATION_ERROR" ? { ...error.details } : undefined;
}

const message = { message: "hello" };
const todo = { id: "1", content: "a", status: "pending" };

describe("a field that a strict tool does not know", () => {
  test.each([
    ["send_telegram_message", { ...message, sourc: "x" }, "sourc", "no such field; did you mean source?"],
    ["send_telegram_message", { ...message, Message: "x" }, "Message", "no such field; did you mean message?"],
    [
      "send_telegram_event",
      { type: "info_notification", taskId: "1" },
      "taskId",
      "no such field; did you mean task_id?",
    ],
    [
      "send_telegram_message",
      { ...message, chat: 1 },
      "chat",
      "no such field; there are message, source, priority, ttl_seconds",
    ],
    ["get_bridge_status", { verbose: true }, "verbose", "no such field; there are none here"],
    [
      "register_claude_todos",
      { todos: [todo, { ...todo, contents: "b" }] },
      "todos[1].contents",
      "no such field; did you mean content?",
    ],
    [
      "register_claude_todos",
      { todos: [{ ...todo, activeForm: "b" }] },
      "todos[0].activeForm",
      "no such field; there are id, content, status",
    ],
    // As JSON has them, and not those that every object has.
    [
      "send_telegram_message",
      JSON.parse('{"message": "a", "constructor": 1}'),
      "constructor",
      "no such field; there are message, source, priority, ttl_seconds",
    ],
  ])("of %s with %j is named: %s", async (name, args, field, problem) => {
    expect(await refusal(name, args)).toMatchObject({ field, reason: problem, fields: [{ field, problem }] });
  });

  test("is told with all others, twenty at most, and its name is cut and printable", async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`field${index}`, 1]));
    const told = await refusal("get_bridge_status", many);
    expect(told?.fields).toHaveLength(20);
    expect(
      JSON.stringify(await refusal("get_bridge_status", { [`\n\u0007${"é".repeat(50_000)}`]: 1 })).length,
    ).toBeLessThan(1000);
  });
});

test("what is free in form may have any field, and null for one that is known is none too many", async () => {
  const args = { type: "info_notification", title: "a", description: "b", data: { anything: { at: ["all"] } } };
  expect(await refusal("send_telegram_event", args)).toBeUndefined();
  expect(await refusal("send_telegram_event", { ...args, data: '{"as": "text"}', task_id: null })).toBeUndefined();
});

test("what is no object is left to the schema", async () => {
  for (const args of ["text", 1, [{ message: "a" }], null]) {
    const told = await refusal("send_telegram_message", args);
    expect(told?.problems ?? "").not.toContain("no such field");
  }
  expect(await refusal("get_bridge_status", undefined)).toBeUndefined();
});

test("the listing of each strict tool closes its objects, nested ones too, and that of the others none", () => {
  for (const tool of strict.values()) {
    expect(listingOf(tool).inputSchema.additionalProperties, tool.name).toBe(false);
    expect(listingOf(tool).outputSchema ?? {}, tool.name).not.toHaveProperty("additionalProperties");
  }
  const todos = strict.get("register_claude_todos");
  expect(todos && listingOf(todos).inputSchema).toMatchObject({
    properties: { todos: { items: { additionalProperties: false } } },
  });
  const event = strict.get("send_telegram_event");
  const { properties } = (event && listingOf(event).inputSchema) as unknown as { properties: { data: object } };
  expect(properties.data).not.toHaveProperty("additionalProperties");
  for (const tool of tools.values()) expect(JSON.stringify(listingOf(tool))).not.toContain("additionalProperties");
});
