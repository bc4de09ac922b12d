import { describe, expect, test } from "vitest";
import { type BridgeStatus, withoutRecipients } from "../../contract/bridge-status.ts";
import { performanceReport } from "../../contract/performance-report.ts";
import { healthyStatus } from "../server/support/fake-bridge.ts";

const at = "2026-01-01T00:01:00.000Z";
const report = (change: Partial<BridgeStatus> = {}) =>
  performanceReport(withoutRecipients({ ...healthyStatus, ...change }), at);

describe("a report", () => {
  test("of a bridge that is well recommends nothing", () => {
    expect(report()).toMatchObject({ timestamp: at, health_status: "Healthy", recommendations: [] });
  });

  test("of one that refuses events is critical, with the reason", () => {
    const queue = { ...healthyStatus.queue, usable: false, error: "the disk is full" };
    const reason = "The queue cannot be used: the disk is full";
    expect(report({ health: "unhealthy", queue }).health_status).toEqual({ Critical: reason });
  });

  test("names all that a person can do something about, and nobody", () => {
    const told = report({
      health: "degraded",
      queue: { ...healthyStatus.queue, pending: 9, limit: 10 },
      refusals: [{ chat_id: 4711, reason: "chat 4711 has blocked the bot", messages: 1, at }],
      paused: { since: at, by: "claude" },
      waiting: { reason: "Telegram asked the bot to wait", until: at },
    });
    expect(told.recommendations).toEqual([
      "9 of 10 messages wait",
      "Chats that refuse messages: 1",
      `Delivery is stopped since ${at}; start_bridge resumes it`,
      `Telegram asked the bot to wait, until ${at}`,
    ]);
    expect(told.health_status).toEqual({ Warning: told.recommendations.join("; ") });
    expect(JSON.stringify(told)).not.toMatch(/4711|claude/);
  });

  test("has no rate of nothing: nothing is divided by zero", () => {
    const metrics = { ...healthyStatus.metrics, uptime_seconds: 0, telegram_messages_sent: 0, error_count: 0 };
    const { event_metrics, telegram_metrics } = report({ metrics });
    expect(event_metrics.events_per_minute).toBeNull();
    expect(telegram_metrics.error_rate_percent).toBeNull();
  });
});
