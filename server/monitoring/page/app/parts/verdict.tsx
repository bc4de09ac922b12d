import type { Action, BridgeMonitoring, Overview } from "../../../../../contract/monitoring.ts";
import { visibleText } from "../words/visible-text.ts";
import { Icon, type Tone } from "./icon.tsx";
import { Clock, Foreign, Since } from "./text.tsx";

type Properties = {
  readonly overview: Overview;
  readonly bridge: BridgeMonitoring | undefined;
  readonly now: number;
  readonly ask: (action: Action) => void;
};

const verdicts = {
  healthy: { tone: "good", title: "Healthy", meaning: "Messages are taken and delivered." },
  degraded: { tone: "warning", title: "Degraded", meaning: "It still takes messages, but not all is well." },
  unhealthy: { tone: "bad", title: "Unhealthy", meaning: "It refuses messages." },
} as const satisfies Record<Overview["health"], { tone: Tone; title: string; meaning: string }>;

export const healthTone = (health: Overview["health"]): Tone => verdicts[health].tone;

export const healthTitle = (health: Overview["health"]): string => verdicts[health].title;

/** Whether it is well, since when, and why not: what everybody wants to know first. */
export function Verdict({ overview, bridge, now, ask }: Properties) {
  const { health, since, reasons } = overview;
  const { tone, title, meaning } = verdicts[health];
  const isPaused = bridge?.paused !== undefined;
  const isFenced = bridge?.fenced !== undefined;
  return (
    <section class={`verdict ${tone}`} aria-labelledby="verdict-title">
      <Icon tone={tone} />
      <div class="verdict-words">
        <h2 id="verdict-title" tabIndex={-1}>
          {title}
          <span class="verdict-since">
            {" for "}
            <Since at={since} now={now} />
            <span class="quiet">
              {", since "}
              <Clock at={since} now={now} />
            </span>
          </span>
        </h2>
        {reasons.length === 0 ? (
          <p>{isPaused || isFenced ? "Messages are taken." : meaning}</p>
        ) : (
          <ul class="reasons">
            {reasons.map((reason) => (
              <li key={reason}>
                <Foreign text={reason} />
              </li>
            ))}
          </ul>
        )}
        <Bridge overview={overview} now={now} />
        {bridge?.fenced !== undefined && <Fenced fenced={bridge.fenced} now={now} />}
        {bridge?.paused !== undefined && <Paused paused={bridge.paused} now={now} />}
      </div>
      <Actions isPaused={isPaused} isThere={bridge !== undefined} ask={ask} />
    </section>
  );
}

function Bridge({ overview: { bridge, reasons }, now }: Pick<Properties, "overview" | "now">) {
  if (bridge.reachable) return null;
  const isSaid = reasons.some((reason) => reason.includes(bridge.error));
  return (
    <p class="remark">
      <Icon tone="quiet" />
      <span>
        No bridge has answered for <Since at={bridge.since} now={now} />
        {!isSaid && [" (", <Foreign key="error" text={bridge.error} />, ")"]}. Queue, deliveries and approvals are not
        known; what the servers know is shown.
      </span>
    </p>
  );
}

type Fence = { readonly fenced: NonNullable<BridgeMonitoring["fenced"]>; readonly now: number };

function Fenced({ fenced: { since }, now }: Fence) {
  return (
    <p class="remark">
      <Icon tone="stopped" />
      <span>
        The bridge has been fenced by its operator for <Since at={since} now={now} /> (<code>bridge.fencing</code> of
        the resource, or <code>BRIDGE_FENCED</code>): it asks Telegram nothing. New messages are kept in the queue.
      </span>
    </p>
  );
}

type Pause = { readonly paused: NonNullable<BridgeMonitoring["paused"]>; readonly now: number };

function Paused({ paused: { since, by }, now }: Pause) {
  return (
    <p class="remark">
      <Icon tone="stopped" />
      <span>
        Delivery has been stopped for <Since at={since} now={now} />
        {by !== undefined && ` by ${visibleText(by)}`}. New messages are kept in the queue.
      </span>
    </p>
  );
}

type Possible = { readonly isPaused: boolean; readonly isThere: boolean; readonly ask: Properties["ask"] };

/** What needs a bridge is not offered without one. */
function Actions({ isPaused, isThere, ask }: Possible) {
  if (!isThere) return null;
  return (
    <div class="actions">
      <button
        type="button"
        class={isPaused ? "primary" : ""}
        onClick={() => ask({ action: isPaused ? "resume_delivery" : "pause_delivery" })}
      >
        {isPaused ? "Resume delivery…" : "Stop delivery…"}
      </button>
      <button type="button" onClick={() => ask({ action: "send_test_message" })}>
        Send a test message…
      </button>
    </div>
  );
}
