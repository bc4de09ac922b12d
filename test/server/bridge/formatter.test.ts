import { describe, expect, test } from "vitest";
import { format } from "../../../server/bridge/formatter.ts";
import { messagesOf } from "../../../server/bridge/messages.ts";
import { eventOf } from "./support.ts";

describe("formatter", () => {
  test("a performance alert says value, threshold and severity", () => {
    const data = { current_value: 93.5, threshold: 80, severity: "high" };
    const { text } = format(eventOf("a", { type: "performance_alert", title: "CPU", description: "Too hot", data }));
    expect(text).toBe("⚡ CPU\n\nToo hot\n\nValue: 93.5\nThreshold: 80\nSeverity: high");
  });

  test("the emoji of a task completion follows its status", () => {
    const emoji = (status: string) =>
      format(eventOf("a", { type: "task_completion", data: { status } })).text.split(" ")[0];
    expect(["completed", "failed", "warning", "constructor"].map(emoji)).toEqual(["✅", "❌", "⚠️", "ℹ️"]);
  });

  test("unknown types are delivered with a question mark", () => {
    expect(format(eventOf("a", { type: "toString" })).text).toMatch(/^❓ Event a/);
  });

  test("progress is shown as a percentage, from upstream's fields", () => {
    const of = (metadata: object) => format(eventOf("a", { type: "task_progress", data: { metadata } })).text;
    expect(of({ percentage: 41.6 })).toMatch(/\n\n42%$/);
    expect(of({ current: 3, total: 4 })).toMatch(/\n\n3\/4 \(75%\)$/);
    expect(of({ current: 3, total: 0 })).toMatch(/Something happened$/);
  });

  test("details that repeat the description are left out", () => {
    const data = { results: "Something happened" };
    expect(format(eventOf("a", { type: "task_completion", data })).text).toBe("✅ Event a\n\nSomething happened");
  });

  test("parts of white space alone are not sent: Telegram would refuse them", () => {
    const description = `a${"\n".repeat(4094)}b`;
    const messages = messagesOf(eventOf("a", { description: `${description}${"\n".repeat(5000)}c` }), [1]);
    expect(messages.every(({ text }) => text.trim() !== "")).toBe(true);
    expect(messages.map(({ part }) => part)).toEqual(messages.map((_, index) => index));
  });
});
