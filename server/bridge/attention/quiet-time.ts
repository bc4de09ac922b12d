import { type QuietHours, type Weekday, weekdays } from "../../../contract/quiet-hours.ts";

/**
 * Whether a time lies in quiet hours by the clock of a zone. Where that clock is put forward or back, its hands decide: a
 * quiet time may take an hour less or more, and an hour that comes twice is quiet twice.
 */
export function isQuiet({ start, end, days = weekdays }: QuietHours, timeZone: string, time: number): boolean {
  const { clock, day } = localTime(timeZone, time);
  const begins = (on: Weekday) => days.includes(on);
  if (start < end) return start <= clock && clock < end && begins(day);
  return (start <= clock && begins(day)) || (clock < end && begins(before(day)));
}

function before(day: Weekday): Weekday {
  return weekdays[(weekdays.indexOf(day) + 6) % 7] ?? day;
}

/** The hands of the clock, such as 07:30, and the day of the week. */
function localTime(timeZone: string, time: number): { readonly clock: string; readonly day: Weekday } {
  const parts = Object.fromEntries(
    formatterOf(timeZone)
      .formatToParts(time)
      .map(({ type, value }) => [type, value]),
  );
  return { clock: `${parts.hour}:${parts.minute}`, day: parts.weekday as Weekday };
}

/** Making one takes far longer than using it; people of one bridge live in few zones. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  if (formatters.size >= 100) formatters.clear();
  formatters.set(timeZone, made);
  return made;
}
