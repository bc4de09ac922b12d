import { pairSchema } from "../../../contract/sessions.ts";
import type { PairingStatus } from "../../api/pairing.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import { printable } from "../printable.ts";
import type { Answer } from "./bridge-call.ts";

/** What is to be done about the code in the annotation: the bridge is asked, or it is settled without. */
export type Step =
  | { readonly ask: string; readonly settled?: undefined }
  | { readonly settled: PairingStatus; readonly ask?: undefined };

/** Undefined when nobody wishes anything, or the wish is settled already. */
export function stepOf({ pair, spec, status }: Pick<CachedResource, "pair" | "spec" | "status">): Step | undefined {
  if (pair === undefined || status.pairing?.code === pair) return undefined;
  if (spec.telegram.pairing !== "Code") return { settled: refused(pair, PAIRING_OFF) };
  const code = pairSchema.shape.code.safeParse(pair.trim().toLowerCase());
  return code.success ? { ask: code.data } : { settled: refused(pair, NO_CODE) };
}

/** What the status says of the bridge's answer. */
export function settledBy(pair: string, answer: Answer): PairingStatus {
  if (answer.state === "Unknown") return refused(pair, UNKNOWN);
  if (answer.state === "NotSupported") return refused(pair, NOT_SUPPORTED);
  const { user_id: id, username, first_name: name } = answer.paired;
  const known = [...(username ? [`@${username}`] : []), ...(name ? [name] : [])].map((text) => printable(text, 64));
  const who = known.length === 0 ? `user ${id}` : `user ${id} (${known.join(", ")})`;
  return { code: pair, outcome: "Paired", message: `${who} may talk to the bot: /unpair ${id} ends that` };
}

const refused = (code: string, message: string): PairingStatus => ({ code, outcome: "Refused", message });

const AGAIN = "let the person write to the bot in private, and set the annotation to the code that it tells";
const PAIRING_OFF = `nobody is let in by a code: set telegram.pairing to Code, ${AGAIN}`;
const NO_CODE = `the annotation is no code: it has six letters and digits; ${AGAIN}`;
const UNKNOWN = `nobody was told this code within the last hour, or somebody else has confirmed it: ${AGAIN}`;
const NOT_SUPPORTED =
  "the bridge's image is of a version that lets nobody in by a code: update it, or name the person in telegram.allowedUsers";
