import { clockText, durationText, secondsBetween } from "../words/times.ts";
import { visibleText } from "../words/visible-text.ts";

/** What a client or a person wrote: text alone, whose direction is its own. */
export function Foreign({ text }: { readonly text: string }) {
  return <bdi>{visibleText(text)}</bdi>;
}

type At = { readonly at: string; readonly now: number };

export function Clock({ at, now }: At) {
  return <time dateTime={visibleText(at)}>{visibleText(clockText(at, now))}</time>;
}

/** How long ago something began. */
export function Since({ at, now }: At) {
  return (
    <time dateTime={visibleText(at)} title={visibleText(clockText(at, now))}>
      {durationText(secondsBetween(at, now))}
    </time>
  );
}

/** How long it is until something ends. */
export function Until({ at, now }: At) {
  const left = secondsBetween(new Date(now).toISOString(), Date.parse(at));
  return (
    <time dateTime={visibleText(at)} title={visibleText(clockText(at, now))}>
      {left === 0 ? "now" : durationText(left)}
    </time>
  );
}
