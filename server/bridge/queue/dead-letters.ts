import type { DeadLetterQuery } from "../../../contract/dead-letters.ts";
import type { Priority } from "../../../contract/priority.ts";
import { laneOf } from "../pacing/lanes.ts";
import type { EventKey } from "./event.ts";
import type { Intake } from "./intake.ts";
import { BRIDGE_ITSELF } from "./message.ts";
import type { Places } from "./places.ts";
import type { DeadLetter, Revived } from "./queue.ts";
import type { Shares } from "./shares.ts";
import { toDeadLetter, toEventKey } from "./sqlite-rows.ts";
import type { prepare } from "./sqlite-statements.ts";

export type DeadLettersOptions = {
  readonly sql: ReturnType<typeof prepare>;
  readonly shares: Shares;
  readonly places: Places;
  readonly intake: Pick<Intake, "requireRoom">;
};

/** Refused messages of one client that are kept. */
const KEPT = 200;
/** Of these, those with files. */
const FILES_KEPT = 20;

/** Messages that Telegram refused for good, or that were given up, until somebody settles them or they are old. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;
  #count = 0;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /** Counts them again in the file. */
  load(): void {
    this.#count = Number(this.#options.sql.countFailed.get()?.count);
  }

  list({ client, before = Number.MAX_SAFE_INTEGER, limit }: DeadLetterQuery): readonly DeadLetter[] {
    return this.#options.sql.deadLetters.all(client ?? null, before, limit).map(toDeadLetter);
  }

  /** One more of a client: the oldest ones make room. Of the bridge's own lines none is kept. */
  add(client: string): void {
    const { sql } = this.#options;
    if (client === BRIDGE_ITSELF) return void sql.dropOldFailures.run(BRIDGE_ITSELF, 0);
    const dropped = Number(sql.dropOldFailures.run(client, KEPT).changes);
    this.#count += 1 - dropped - Number(sql.dropOldFiles.run(client, FILES_KEPT).changes);
  }

  revive(message: number, owner?: string): Revived | undefined {
    const { sql, shares, places, intake } = this.#options;
    const row = sql.deadLetter.get(message, owner ?? null);
    if (row === undefined) return undefined;
    const event = toEventKey(row);
    const load = { messages: 1, bytes: Number(row.bytes) };
    intake.requireRoom(event.client, load);
    const chatId = places.of(Number(row.chat_id));
    sql.revive.run(chatId, message);
    sql.unrefuseEvent.run(event.id, event.client);
    shares.add(event.client, load);
    this.#count -= 1;
    const lane = laneOf(row.priority as Priority);
    return { event, pending: { id: message, chatId, client: event.client, notBefore: 0, lane } };
  }

  discard(message: number, owner?: string): EventKey | undefined {
    const { sql } = this.#options;
    const row = sql.discard.get(message, owner ?? null);
    if (row === undefined) return undefined;
    this.#count -= 1;
    return toEventKey(row);
  }
}
