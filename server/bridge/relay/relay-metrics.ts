import { Counter, Gauge, type Registry } from "prom-client";
import type { DropReason, RelayObserver } from "./relay-observer.ts";

/** First parts of the topics that servers and bridge use. Whatever else a signed caller invents is `other`. */
const kinds = ["event", "responses", "status", "session", "stream", "peers"] as const;

const dropReasons: readonly DropReason[] = ["log_full", "values_full", "refused"];

type Held = { readonly followers: number; readonly size: { readonly bytes: number } };

/** The metrics of the relay. Gauges read it when they are collected; known series start at zero. */
export function createRelayMetrics(registry: Registry, relay: () => Held): RelayObserver {
  const registers = [registry];
  const messages = new Counter({
    name: "cctelegram_relay_messages_total",
    help: "Messages that servers and bridge told the servers, by the first part of their topic",
    labelNames: ["kind"] as const,
    registers,
  });
  const dropped = new Counter({
    name: "cctelegram_relay_dropped_total",
    help: "What the relay did not keep: messages or values for which there was no room, and messages that it refused",
    labelNames: ["reason"] as const,
    registers,
  });
  const gaps = new Counter({
    name: "cctelegram_relay_gaps_total",
    help: "Answers that told a server that it has missed messages",
    registers,
  });
  gauges(registers, relay);
  for (const kind of [...kinds, "other"]) messages.inc({ kind }, 0);
  for (const reason of dropReasons) dropped.inc({ reason }, 0);
  return {
    onMessage: (topic) => messages.inc({ kind: kindOf(topic) }),
    onDropped: (reason, count) => dropped.inc({ reason }, count),
    onGap: () => gaps.inc(),
  };
}

function gauges(registers: Registry[], relay: () => Held): void {
  new Gauge({
    name: "cctelegram_relay_followers",
    help: "Servers that wait for messages; between two of its polls one does not count",
    registers,
    collect() {
      this.set(relay().followers);
    },
  });
  new Gauge({
    name: "cctelegram_relay_bytes",
    help: "Bytes of the messages and values that the relay holds",
    registers,
    collect() {
      this.set(relay().size.bytes);
    },
  });
}

function kindOf(topic: string): string {
  const [first = ""] = topic.split("/", 1);
  return kinds.find((kind) => kind === first) ?? "other";
}
