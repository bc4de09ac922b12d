import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Activity } from "../../../../../contract/monitoring.ts";
import { type ActivityGroup, activityGroups, activityWords, inGroup, keyed } from "../words/activity-words.ts";
import { EventButton, type Wanted } from "./event-button.tsx";
import { Icon } from "./icon.tsx";
import { Section } from "./section.tsx";
import { Clock, Foreign } from "./text.tsx";

type Properties = {
  readonly activity: readonly Activity[];
  readonly now: number;
  readonly follow: (wanted: Wanted) => void;
};

/** What happened, the newest first, in a list of its own height: nothing else moves when it grows. */
export function RecentActivity({ activity, now, follow }: Properties) {
  const [group, setGroup] = useState<ActivityGroup>("everything");
  const lines = useLines(keyed(inGroup(activity, group)), now, follow);
  const choice = (
    <label class="choice">
      <span class="unseen">Show of the activity</span>
      <select value={group} onChange={({ currentTarget }) => setGroup(currentTarget.value as ActivityGroup)}>
        {activityGroups.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
  return (
    <Section id="activity" title="Activity" note="the newest first" tools={choice}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls it with the keyboard */}
      <section class="scroll" aria-label="List of activity" tabIndex={0}>
        {lines.length === 0 && (
          <p class="none">{group === "everything" ? "Nothing has happened yet." : "Nothing of that kind."}</p>
        )}
        <ol class="activity">{lines}</ol>
      </section>
    </Section>
  );
}

/** The lines, each made once: what has happened does not change, only a new day changes how its time is told. */
function useLines(shown: ReturnType<typeof keyed>, now: number, follow: Properties["follow"]): readonly VNode[] {
  const made = useRef<ReadonlyMap<string, VNode>>(new Map());
  const day = new Date(now).toDateString();
  made.current = new Map(
    shown.map(([key, activity]) => {
      const name = `${day} ${key}`;
      return [name, made.current.get(name) ?? <Line key={name} activity={activity} now={now} follow={follow} />];
    }),
  );
  return [...made.current.values()];
}

type OneLine = { readonly activity: Activity } & Pick<Properties, "now" | "follow">;

function Line({ activity: { at, kind, text, event_id, client, pod }, now, follow }: OneLine) {
  // A server of a newer version may tell of what this page does not know.
  const { word, tone } = activityWords[kind] ?? { word: kind, tone: "quiet" };
  return (
    <li>
      <Icon tone={tone} />
      <div>
        <p class="line-head">
          <Clock at={at} now={now} />
          <strong>{word}</strong>
          {event_id !== undefined && <EventButton id={event_id} client={client} follow={follow} />}
        </p>
        <p class="line-text">
          <Foreign text={text} />
          <Origin names={[client, pod]} />
        </p>
      </div>
    </li>
  );
}

/** Who and where, as far as it is known. */
function Origin({ names }: { readonly names: readonly (string | undefined)[] }) {
  return (
    <span class="quiet">{names.map((name) => name !== undefined && [" · ", <Foreign key={name} text={name} />])}</span>
  );
}
