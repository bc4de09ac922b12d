import { useEffect, useState } from "preact/hooks";
import type { Action, Overview } from "../../../../contract/monitoring.ts";
import { ActionDialog } from "./parts/action-dialog.tsx";
import { RecentActivity } from "./parts/activity.tsx";
import { Alerts } from "./parts/alerts.tsx";
import { Charts } from "./parts/charts.tsx";
import type { Wanted } from "./parts/event-button.tsx";
import { Figures } from "./parts/figures.tsx";
import { Icon } from "./parts/icon.tsx";
import { Pods } from "./parts/pods.tsx";
import { LostNotice, Top } from "./parts/top.tsx";
import { Trace } from "./parts/trace.tsx";
import { healthTitle, Verdict } from "./parts/verdict.tsx";
import { Approvals, Bans, DeadLetters, Refusals, Waits } from "./parts/waiting.tsx";
import { useAnnouncement } from "./use-announcement.ts";
import { useLive } from "./use-live.ts";
import { visibleText } from "./words/visible-text.ts";

/** An action that somebody is asked about, and the part of the page from which. */
type Asked = { readonly action: Action; readonly overview: Overview; readonly from: Element | null };

export function Dashboard() {
  const live = useLive();
  const [key, holdKey] = useState<string>();
  const [asked, setAsked] = useState<Asked>();
  const [result, setResult] = useState("");
  const said = useAnnouncement(live.overview, live.link);
  const { overview } = live;

  useEffect(() => {
    if (overview !== undefined)
      document.title = `${healthTitle(overview.health)}: ${visibleText(overview.name)} – CCTelegram`;
  }, [overview?.health, overview?.name]);

  const ask = (action: Action) => {
    if (overview === undefined) return;
    setResult("");
    setAsked({ action, overview, from: document.activeElement?.closest("section") ?? null });
  };
  const done = (message: string) => {
    setResult(message);
    // The row whose button was pressed may be gone in a moment, and the focus with it.
    asked?.from?.querySelector("h2")?.focus();
  };
  return (
    <>
      <Top live={live} hasKey={key !== undefined} forgetKey={() => holdKey(undefined)} />
      <main id="main" class={live.link.state === "lost" ? "stale" : ""} tabIndex={-1}>
        {overview === undefined ? (
          <p class="reading">{live.link.state === "lost" ? "Nothing has been read yet." : "Reading how it is…"}</p>
        ) : (
          <Parts overview={overview} now={live.now} ask={ask} />
        )}
      </main>
      <section class="notices" aria-label="Notices">
        <LostNotice live={live} since={Date.now()} />
        <div role="status">
          {result !== "" && (
            <div class="notice good">
              <Icon tone="good" />
              <p>{visibleText(result)}</p>
              <button type="button" onClick={() => setResult("")}>
                Close
              </button>
            </div>
          )}
        </div>
      </section>
      <p class="unseen" role="status">
        {said !== "" && said}
      </p>
      {asked !== undefined && overview !== undefined && (
        <ActionDialog
          action={asked.action}
          overview={asked.overview}
          heldKey={key}
          holdKey={holdKey}
          close={() => setAsked(undefined)}
          done={done}
        />
      )}
    </>
  );
}

type Shown = { readonly overview: Overview; readonly now: number; readonly ask: (action: Action) => void };

function Parts({ overview, now, ask }: Shown) {
  const [wanted, setWanted] = useState<Wanted>();
  const follow = (next: Wanted) => setWanted({ ...next });
  const bridge = overview.bridge.reachable ? overview.bridge.state : undefined;
  return (
    <>
      <Verdict overview={overview} bridge={bridge} now={now} ask={ask} />
      <Figures overview={overview} bridge={bridge} now={now} />
      <div class="columns">
        <div class="column">
          <Alerts alerts={overview.alerts} now={now} />
          <Charts now={now} />
        </div>
        <div class="column">
          <RecentActivity activity={overview.activity} now={now} follow={follow} />
        </div>
      </div>
      <Trace wanted={wanted} now={now} follow={follow} />
      <div class="cards">
        {bridge !== undefined && (
          <>
            <DeadLetters bridge={bridge} now={now} ask={ask} follow={follow} />
            <Approvals bridge={bridge} now={now} />
            <div class="column">
              <Waits bridge={bridge} now={now} />
              <Refusals bridge={bridge} now={now} />
            </div>
          </>
        )}
        <Bans overview={overview} now={now} ask={ask} />
      </div>
      <Pods pods={overview.pods} now={now} />
    </>
  );
}
