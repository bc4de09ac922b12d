import * as z from "zod";

/** The days of a week, as quiet hours name them. */
export const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

export type Weekday = (typeof weekdays)[number];

/** When a quiet time begins, by the local clock. */
export const startTime = /^([01]\d|2[0-3]):[0-5]\d$/;
/** When it ends: 24:00 is the end of the day. */
export const endTime = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

/** A time of each day in which nothing makes a sound. One that ends before it begins goes over midnight. */
export type QuietHours = {
  readonly start: string;
  readonly end: string;
  /** The days on which it begins; absent: every day. */
  readonly days?: readonly Weekday[] | undefined;
};

/**
 * Quiet hours as a variable holds them.
 *
 * @example
 * ```ts
 * quietHoursText({ start: "22:00", end: "07:00", days: ["Fri", "Sat"] }); // => 22:00-07:00 Fri,Sat
 * ```
 */
export function quietHoursText({ start, end, days = [] }: QuietHours): string {
  return days.length === 0 ? `${start}-${end}` : `${start}-${end} ${days.join(",")}`;
}

/**
 * Quiet hours of the text that {@link quietHoursText} makes.
 *
 * @example
 * ```ts
 * quietHoursSchema.parse("22:00-07:00 Fri,Sat").days?.length; // => 2
 * quietHoursSchema.safeParse("22:00-22:00").success; // => false
 * ```
 */
export const quietHoursSchema = z.string().transform((text, context): QuietHours => {
  const { start = "", end = "", days } = /^(?<start>\S+)-(?<end>\S+?)(?: (?<days>\S+))?$/.exec(text)?.groups ?? {};
  const named = days?.split(",") ?? [];
  const areDays = named.every((day) => weekdays.some((known) => known === day)) && new Set(named).size === named.length;
  if (startTime.test(start) && endTime.test(end) && start !== end && areDays) {
    return { start, end, ...(named.length > 0 && { days: named as Weekday[] }) };
  }
  context.addIssue({ code: "custom", message: "two times such as 22:00-07:00, and if need be days such as Fri,Sat" });
  return z.NEVER;
});
