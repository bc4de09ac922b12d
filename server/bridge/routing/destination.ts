import { createHash } from "node:crypto";

/** Where a message goes. */
export type Destination = {
  readonly chatId: number;
  /** Telegram's message_thread_id; absent: the chat itself, of a group with topics its General topic. */
  readonly topic?: number;
  /** Set while only the public name of the chat is known: `chatId` is then a number of the bridge's own. */
  readonly publicName?: string;
};

/** Ids of Telegram have at most 52 significant bits. Those of the bridge are beyond, and negative, as those of groups are. */
const FIRST_STAND_IN = -(2 ** 52);

/** True for an id that stands for a public name until Telegram has told whose it is. */
export function isStandIn(chatId: number): boolean {
  return chatId <= FIRST_STAND_IN;
}

/** The same id for the same name at every start, so that what waits for it in the queue is found again. */
export function standInFor(publicName: string): number {
  const hash = createHash("sha256").update(publicName.toLowerCase()).digest();
  return FIRST_STAND_IN - hash.readUIntBE(0, 6);
}
