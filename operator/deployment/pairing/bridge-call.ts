import * as z from "zod";
import { routes } from "../../../contract/routes.ts";
import { type Paired, pairedSchema } from "../../../contract/sessions.ts";
import { signedHeaders } from "../../../contract/signature.ts";
import type { ObjectKey } from "../../runtime/controller.ts";
import type { PlainFetch } from "../../runtime/plain-http.ts";
import { bridgeUrl, verifierName } from "../names.ts";

export type Answer =
  | { readonly state: "Paired"; readonly paired: Paired }
  /** Nobody waits with this code. */
  | { readonly state: "Unknown" }
  /** A bridge of before pairing. */
  | { readonly state: "NotSupported" };

/** Confirms a code at the bridge of a resource; undefined when there is no answer that counts, so it has to be asked again. */
export type ConfirmCode = (key: ObjectKey, code: string, hmac: string) => Promise<Answer | undefined>;

type Parts = { readonly fetch: PlainFetch; readonly now: () => number };

const timeoutMs = 5_000;
const refusal = z.object({ code: z.literal("PAIRING_CODE_UNKNOWN") });

/** A code that this operator has confirmed before is answered as the first time: a crash before the answer was noted does no harm. */
export const codeConfirmation =
  ({ fetch, now }: Parts): ConfirmCode =>
  async ({ namespace, name }, code, hmac) => {
    const body = JSON.stringify({ client: verifierName, code });
    const request = { method: "POST", path: routes.pair, timestampSeconds: Math.floor(now() / 1000), body };
    const headers = { "content-type": "application/json", ...signedHeaders(hmac, request) };
    try {
      const url = bridgeUrl(namespace, name) + routes.pair;
      const answer = await fetch(url, { method: "POST", headers, body, timeoutMs });
      return answerIn(answer.status, await answer.text());
    } catch {
      return undefined;
    }
  };

/** @throws when the body is none of a bridge. */
function answerIn(status: number, text: string): Answer | undefined {
  if (status === 200) return { state: "Paired", paired: pairedSchema.parse(JSON.parse(text)) };
  if (status !== 404) return undefined;
  return { state: refusal.safeParse(JSON.parse(text)).success ? "Unknown" : "NotSupported" };
}
