import { visibleText } from "../words/visible-text.ts";

/** An event that somebody wants to follow. */
export type Wanted = { readonly id: string; readonly client?: string | undefined };

type Properties = Wanted & { readonly follow: (wanted: Wanted) => void };

const SHOWN = 8;

/** An event's id, of which the beginning tells enough; a click follows it. */
export function EventButton({ id, client, follow }: Properties) {
  const shown = visibleText(id);
  const short = shown.length > SHOWN + 2 ? `${[...shown].slice(0, SHOWN).join("")}…` : shown;
  return (
    <button type="button" class="event-id" title={shown} onClick={() => follow({ id, client })}>
      <span class="unseen">Follow event </span>
      <bdi>{short}</bdi>
    </button>
  );
}
