import * as z from "zod";

/**
 * A whole number within bounds, from text.
 *
 * @example
 * ```ts
 * integer(1, 64).parse("8") + 1; // => 9
 * integer(1, 64).safeParse("65").error?.issues[0]?.message; // => a whole number from 1 to 64
 * ```
 */
export const integer = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, `a whole number from ${minimum} to ${maximum}`)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `a whole number from ${minimum} to ${maximum}`);

const units: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/**
 * Bytes within bounds, from a whole number with or without a unit; each unit is 1024 of the one before.
 *
 * @example
 * ```ts
 * size(1, 1024 ** 3).parse("10MB"); // => 10485760
 * size(1, 1024).safeParse("1 GB").error?.issues[0]?.message; // => a size from 1 to 1024 bytes, such as 10485760, 10MB or 1GB
 * ```
 */
export const size = (minimum: number, maximum: number) =>
  z
    .string()
    .transform((value) => {
      const [, number, unit = ""] = /^(\d{1,15}) ?(?:(b|[kmgt])(?:i?b)?)?$/i.exec(value) ?? [];
      return Number(number) * (units[unit.toLowerCase()] ?? Number.NaN);
    })
    .refine(
      (value) => value >= minimum && value <= maximum,
      `a size from ${minimum} to ${maximum} bytes, such as 10485760, 10MB or 1GB`,
    );

/** A TCP port; 0 stands for any free one. */
export const port = integer(0, 65535);
/** A time limit, at most a day. */
export const milliseconds = integer(1, 86_400_000);
/** A time to wait, at most a day; 0 for none. */
export const delay = integer(0, 86_400_000);
/** Text that can be shown on a line. */
export const text = z
  .string()
  .min(1, "some text")
  .regex(/^\P{Cc}*$/u, "text without control characters");
/** An address or a name to listen on; whether it is one of this machine is found out by listening. */
export const host = z.string().regex(/^[A-Za-z0-9:][A-Za-z0-9.:%_-]{0,252}$/, "an IP address or a host name");
export const flag = z.enum(["true", "false"], "true or false").transform((value) => value === "true");
/** Values separated by commas, without the empty ones. */
export const list = z.string().transform((value) =>
  value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);
/** An http or https URL that a path can be appended to, without slashes at its end. */
export const url = z
  .string()
  .refine((value) => isPlainUrl(URL.parse(value)), "an http or https URL without a user name, a query and a fragment")
  .transform((value) => value.replace(/\/+$/, ""));

/**
 * The name of a time zone that this machine knows.
 *
 * @example
 * ```ts
 * timeZone.parse("Europe/Berlin"); // => Europe/Berlin
 * timeZone.safeParse("Europe/Atlantis").success; // => false
 * ```
 */
export const timeZone = z.string().refine(isTimeZone, "the IANA name of a time zone, such as Europe/Berlin");

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Without credentials, which fetch refuses and logs would show, and without what a path cannot be appended to. */
function isPlainUrl(url: URL | null): boolean {
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.username === "" && url.password === "" && url.search === "" && url.hash === "";
}
