import * as z from "zod";

/** How much a message tells. */
export type MessageStyle = "concise" | "detailed";

/** co8/cctelegram's words for `detailed`. */
const aliases: Readonly<Record<string, MessageStyle>> = { verbose: "detailed", full: "detailed" };

export const messageStyle = z.preprocess(
  (word) => (typeof word === "string" ? (aliases[word.toLowerCase()] ?? word.toLowerCase()) : word),
  z.enum(["concise", "detailed"]),
);
