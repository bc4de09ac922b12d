import { describe, expect, test } from "vitest";
import { format } from "../../../../server/bridge/formatting/formatter.ts";
import { eventOf } from "../support.ts";

describe("formatter", () => {
  test("a performance alert says value, threshold and severity", () => {
    const data = { current_value: 93.5, threshold: 80, severity: "high" };
    const letter = format(eventOf("a", { type: "performance_alert", title: "CPU", description: "Too hot", data }));
    expect(letter).toEqual({
      title: "⚡ CPU",
      body: "Too hot\n\nValue: 93.5\nThreshold: 80\nSeverity: high",
      sender: "tester",
    });
  });

  test("the emoji of a task completion follows its status", () => {
    const emoji = (status: string) =>
      format(eventOf("a", { type: "task_completion", data: { status } })).title.split(" ")[0];
    expect(["completed", "failed", "warning", "constructor"].map(emoji)).toEqual(["✅", "❌", "⚠️", "ℹ️"]);
  });

  test("unknown types are delivered with a question mark", () => {
    expect(format(eventOf("a", { type: "toString" })).title).toBe("❓ Event a");
  });

  test("progress is shown as a percentage, from upstream's fields", () => {
    const of = (metadata: object) => format(eventOf("a", { type: "task_progress", data: { metadata } })).body;
    expect(of({ percentage: 41.6 })).toMatch(/\n\n42%$/);
    expect(of({ current: 3, total: 4 })).toMatch(/\n\n3\/4 \(75%\)$/);
    expect(of({ current: 3, total: 0 })).toMatch(/Something happened$/);
  });

  test("details that repeat the description are left out", () => {
    const data = { results: "Something happened" };
    expect(format(eventOf("a", { type: "task_completion", data })).body).toBe("Something happened");
  });

  test("titles stand on one line, and one that shows nothing is replaced by the type", () => {
    expect(format(eventOf("a", { title: "Build\nfailed\r\n\tagain " })).title).toBe("ℹ️ Build failed again");
    expect(format(eventOf("a", { title: "\u202e\u0007" })).title).toBe("ℹ️ info_notification");
  });

  test("nobody is named as the sender when nobody is known", () => {
    expect(format(eventOf("a", { client: "unknown" }))).not.toHaveProperty("sender");
  });
});
