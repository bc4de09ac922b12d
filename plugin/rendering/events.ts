import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import type { Style } from "../terminal/style.ts";
import { ageOf } from "./age.ts";
import { table } from "./table.ts";

export type EventView = {
  readonly at: string | undefined;
  readonly type: string;
  readonly reason: string;
  readonly object: string;
  readonly count: number;
  readonly message: string;
};

type RawEvent = KubernetesObject & {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly note?: string;
  readonly count?: number;
  readonly eventTime?: string | null;
  readonly lastTimestamp?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
};

/** Events of a resource and of what belongs to it, the oldest first. */
export function eventViews(events: readonly KubernetesObject[], names: ReadonlySet<string>): EventView[] {
  return events
    .map((event) => event as RawEvent)
    .filter(({ involvedObject }) => names.has(`${involvedObject?.kind}/${involvedObject?.name}`))
    .map(eventView)
    .toSorted((a, b) => (a.at ?? "").localeCompare(b.at ?? ""));
}

function eventView(event: RawEvent): EventView {
  const {
    type = "",
    reason = "",
    message,
    note,
    involvedObject,
    series,
    count,
    lastTimestamp,
    eventTime,
    metadata,
  } = event;
  return {
    at: series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp,
    type,
    reason,
    object: `${involvedObject?.kind}/${involvedObject?.name}`,
    count: series?.count ?? count ?? 1,
    message: message ?? note ?? "",
  };
}

export function eventsText(
  events: readonly EventView[],
  { now, style }: { readonly now: number; readonly style: Style },
): string {
  if (events.length === 0) return "No events: the cluster keeps them for an hour.";
  const rows = events.map(({ at, type, reason, object, count, message }) => [
    ageOf(at, now),
    type,
    reason,
    object,
    count > 1 ? `${message} (${count} times)` : message,
  ]);
  const [head = "", ...lines] = table(["AGE", "TYPE", "REASON", "OBJECT", "MESSAGE"], rows).split("\n");
  return [head, ...lines.map((line, index) => (events[index]?.type === "Warning" ? style.warn(line) : line))].join(
    "\n",
  );
}
