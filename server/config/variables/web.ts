import { isIP } from "node:net";
import { z } from "zod";
import { list } from "../../../config/schemas.ts";

const originAdvice =
  "origins such as https://tools.example.com, with a scheme and without a path, separated by commas; * is refused, because every web page could call then";

/** Origins as browsers write them: a slash at the end and capitals do not matter. */
export const origins = list
  .transform((values) => values.map(originOf))
  .refine((values) => values.every((value) => value !== undefined), originAdvice)
  .transform((values) => values.filter((value) => value !== undefined));

function originOf(value: string): string | undefined {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol) || value.includes("*")) return undefined;
  const isBare = url.origin === value.toLowerCase().replace(/\/$/, "").replace(defaultPort(url.protocol), "");
  return isBare ? url.origin : undefined;
}

const defaultPort = (protocol: string) => (protocol === "https:" ? /:443$/ : /:80$/);

/** Names and addresses without port; IPv6 with or without brackets. */
export const hostNames = list
  .transform((values) => values.map((value) => value.toLowerCase().replace(/^\[(.*)\]$/, "$1")))
  .refine(
    (values) => values.every((value) => isIP(value) !== 0 || /^[a-z0-9_]([a-z0-9._-]{0,252})$/.test(value)),
    "host names or addresses without port and scheme, separated by commas",
  );

/** Addresses and networks that do not hold everybody. */
export const networks = list.refine(
  (values) => values.every(isNetwork),
  "IP addresses, or networks such as 10.1.2.0/24 with a prefix of 1 to 32 (IPv6: 128), separated by commas",
);

function isNetwork(value: string): boolean {
  const [address = "", prefix, ...rest] = value.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return !address.includes("%");
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32);
}

/** Segments of letters, digits and marks that mean the same in every part of a URL, so that proxies leave them as they are. */
export const basePath = z
  .string()
  .transform((value) => value.replace(/\/+$/, ""))
  .refine(
    (value) => value.length <= 200 && /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/.test(value),
    "a path such as /telegram, of letters, digits, '-', '_', '.' and '~', at most 200 characters",
  );

/** As the guides write it, and as OpenSSL does. Versions before 1.2 are broken, and browsers and clients speak them no more. */
export const tlsVersion = z
  .enum(["1.2", "1.3", "TLSv1.2", "TLSv1.3"], "1.2 or 1.3: older versions are broken")
  .transform((value) => (value.endsWith("1.3") ? "TLSv1.3" : "TLSv1.2"));
