/** Making one takes far longer than using it; people of one bridge live in few zones. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** A time of Unix milliseconds as people of a zone write it, with the zone's name: 2 Jan 2026, 03:04 UTC. */
export function shownTime(at: number, timeZone: string): string {
  return `${formatterOf(timeZone).format(at)} ${timeZone}`;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone });
  if (formatters.size >= 100) formatters.clear();
  formatters.set(timeZone, made);
  return made;
}
