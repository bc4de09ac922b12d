import type { ComponentChildren } from "preact";
import type { BridgeMonitoring, Overview } from "../../../../../contract/monitoring.ts";
import { countText, numberText } from "../words/numbers.ts";
import { durationText, millisecondsText } from "../words/times.ts";
import { visibleText } from "../words/visible-text.ts";
import { Icon, type Tone } from "./icon.tsx";
import { Since } from "./text.tsx";

type Figure = {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly note: ComponentChildren;
  /** Absent: all is well. */
  readonly tone?: Tone | undefined;
  /** The part of the page that tells more. */
  readonly more?: string;
  /** From 0 to 1. */
  readonly share?: number;
};

type Properties = {
  readonly overview: Overview;
  readonly bridge: BridgeMonitoring | undefined;
  readonly now: number;
};

/** A queue that is fuller than this is worth a look. */
const FULL_SHARE = 0.8;
/** After that long the alert MessagesDelayed begins to count. */
const LATE_SECONDS = 300;
/** One refused message among hundreds is a matter for its client. */
const REFUSED_SHARE = 0.01;

const worseThan = (isWorse: boolean, tone: Tone = "warning") => (isWorse ? tone : undefined);

export function Figures({ overview, bridge, now }: Properties) {
  const figures = [...(bridge === undefined ? unknown : bridgeFigures(bridge, now)), ...serverFigures(overview)];
  return (
    <section aria-labelledby="figures-title">
      <h2 id="figures-title" class="unseen">
        Figures
      </h2>
      <dl class="figures">
        {figures.map((figure) => (
          <Tile key={figure.name} {...figure} />
        ))}
      </dl>
    </section>
  );
}

function Tile({ name, value, note, tone, more, share }: Figure) {
  return (
    <div class={`figure ${tone ?? ""}`}>
      <dt>
        {tone !== undefined && <Icon tone={tone} />}
        {more === undefined ? name : <a href={`#${more}`}>{name}</a>}
      </dt>
      <dd class="value">{value}</dd>
      <dd class="note">{note}</dd>
      {share !== undefined && (
        <dd class="share" aria-hidden="true">
          <span style={{ width: `${Math.min(100, share * 100)}%` }} />
        </dd>
      )}
    </div>
  );
}

const unknown: readonly Figure[] = ["Queue", "Delivered, 1 h", "Time to Telegram", "Rate limiter", "Telegram"].map(
  (name) => ({
    name,
    value: "–",
    note: "not known without the bridge",
    tone: "quiet",
  }),
);

function bridgeFigures(bridge: BridgeMonitoring, now: number): readonly Figure[] {
  return [
    queueFigure(bridge),
    deliveryFigure(bridge),
    latencyFigure(bridge),
    pacingFigure(bridge),
    telegramFigure(bridge, now),
    {
      name: "Approvals",
      value: numberText(bridge.approvals.length),
      note: "wait for people",
      more: "approvals",
    },
    {
      name: "Dead letters",
      value: numberText(bridge.queue.dead_letters),
      note: "refused by Telegram",
      tone: worseThan(bridge.queue.dead_letters > 0),
      more: "dead-letters",
    },
  ];
}

function queueFigure({ queue }: BridgeMonitoring): Figure {
  const share = queue.limit === 0 ? 0 : queue.pending / queue.limit;
  if (!queue.usable) {
    return { name: "Queue", value: "Not usable", note: visibleText(queue.error ?? "no reason is known"), tone: "bad" };
  }
  return {
    name: "Queue",
    value: numberText(queue.pending),
    note: `of ${numberText(queue.limit)}; ${queue.pending === 0 ? "nothing waits" : `oldest ${durationText(queue.oldest_age_seconds)}`}`,
    tone: worseThan(share > FULL_SHARE || queue.oldest_age_seconds > LATE_SECONDS),
    share,
    more: "charts",
  };
}

function deliveryFigure({ deliveries }: BridgeMonitoring): Figure {
  return {
    name: "Delivered, 1 h",
    value: numberText(deliveries.delivered),
    note: `${numberText(deliveries.refused)} refused; ${countText(deliveries.retries, "retry", "retries")}`,
    tone: worseThan(deliveries.refused > REFUSED_SHARE * (deliveries.delivered + deliveries.refused)),
    more: deliveries.refused > 0 ? "refusals" : "charts",
  };
}

function latencyFigure({ deliveries: { average_ms, slowest_ms } }: BridgeMonitoring): Figure {
  return {
    name: "Time to Telegram",
    value: average_ms === null ? "–" : millisecondsText(average_ms),
    note: slowest_ms === null ? "nothing delivered in 1 h" : `slowest ${millisecondsText(slowest_ms)}`,
  };
}

function pacingFigure({ pacing }: BridgeMonitoring): Figure {
  const waits = pacing.waits.length;
  return {
    name: "Rate limiter",
    value: (
      <>
        {numberText(pacing.used_last_second)}
        <small>{` of ${numberText(pacing.messages_per_second)}/s`}</small>
      </>
    ),
    note: waits === 0 ? "no chat waits" : `${countText(waits, "chat waits", "chats wait")}`,
    more: "waits",
    share: pacing.messages_per_second > 0 ? pacing.used_last_second / pacing.messages_per_second : 0,
  };
}

function telegramFigure({ telegram, receiving, fenced }: BridgeMonitoring, now: number): Figure {
  if (fenced !== undefined)
    return { name: "Telegram", value: "–", note: "not asked: the bridge is fenced", tone: "stopped" };
  if (!telegram.reachable) {
    const note =
      telegram.since === undefined ? (
        "is not reachable"
      ) : (
        <>
          for <Since at={telegram.since} now={now} />
        </>
      );
    return { name: "Telegram", value: "Down", note, tone: "bad" };
  }
  const isDeaf = receiving !== undefined && !receiving.receiving;
  const latency = telegram.latency_ms === undefined ? "Up" : millisecondsText(telegram.latency_ms);
  const bot = telegram.bot_username === undefined ? "answers" : `@${visibleText(telegram.bot_username)}`;
  return {
    name: "Telegram",
    value: latency,
    note: isDeaf ? "answers, but people are not heard" : bot,
    tone: worseThan(isDeaf),
  };
}

function serverFigures({ bans_total, pods }: Overview): readonly Figure[] {
  const servers = pods.filter(({ role }) => role === "server");
  const well = servers.filter(({ health, draining }) => health === "healthy" && !draining).length;
  const isDown = servers.every(({ health }) => health === "unhealthy");
  const requests = servers.reduce((sum, { per_minute }) => sum + per_minute.requests, 0);
  return [
    {
      name: "Bans",
      value: numberText(bans_total),
      note: "addresses kept out",
      more: "bans",
    },
    {
      name: "Servers",
      value: (
        <>
          {well}
          <small>{` of ${servers.length} healthy`}</small>
        </>
      ),
      note: `${numberText(Math.round(requests))} requests/min`,
      tone: isDown ? "bad" : worseThan(well < servers.length),
      more: "pods",
    },
  ];
}
