import type { IncomingMessage } from "node:http";
import { type Envelope, MessageEnds } from "../json/envelope.ts";

/** Largest message that is let pass by to learn its id, in bytes. */
export const longestPassage = 16 * 2 ** 20;

/**
 * Lets a message that is too large to be read pass by, and finds its id at one of its ends, so that the client can be told
 * in the protocol: at HTTP 413 it would end the session. Undefined when there is none, or the client is gone.
 */
export async function envelopeOf(body: IncomingMessage): Promise<Envelope | undefined> {
  const ends = new MessageEnds();
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) ends.add(chunk);
    return ends.envelope();
  } catch {
    return undefined;
  }
}
