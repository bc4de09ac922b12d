import { ServerError } from "../../../contract/errors.ts";
import type { Paired, Pairing } from "../../../contract/sessions.ts";
import type { Audit } from "../../telemetry/audit.ts";
import type { FormattedText } from "../formatting/formatted-text.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Person } from "../receiving/update.ts";
import type { Store } from "../storage/store.ts";
import { preparePairings } from "./pairing-statements.ts";
import type { People } from "./people.ts";

export type PairingsOptions = {
  readonly store: Pick<Store, "db" | "write">;
  readonly queue: Pick<Queue, "addLine">;
  readonly people: People;
  /** False: nobody is told a code, and none is taken. */
  readonly isOn: boolean;
  /** Six random characters. */
  readonly newCode: () => string;
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  readonly audit: Pick<Audit, "record">;
  readonly now: () => number;
};

const VALID_MS = 3_600_000;
/** People who may wait for an administrator at a time: others are strangers as before. */
const MOST_PENDING = 3;
/** After that whoever writes again hears nothing. */
const MOST_TOLD = 2;

/** What a stranger is told: a code, nothing more, or what strangers are told where nobody is paired. */
export type Told = { readonly line: FormattedText | undefined } | "as a stranger";

export type Confirmed = {
  readonly paired: Paired;
  readonly lines: readonly PendingMessage[];
  /** It has confirmed this code before: whoever did not hear the answer may ask again. */
  readonly isAgain: boolean;
};

/** New people are told a code by the bot, and an administrator confirms it. */
export class Pairings {
  readonly #options: PairingsOptions;
  readonly #sql: ReturnType<typeof preparePairings>;

  constructor(options: PairingsOptions) {
    this.#options = options;
    this.#sql = preparePairings(options.store.db);
  }

  get isOn(): boolean {
    return this.#options.isOn;
  }

  /** Somebody who is not on the list spoke to the bot in private, in the transaction of the update. */
  tell({ id, username, first_name }: Person, at: number): Told {
    if (!this.#options.isOn) return "as a stranger";
    this.#sql.forget.run(at);
    const known = this.#sql.ofPerson.get(id);
    if (known === undefined) {
      if (Number(this.#sql.count.get()?.count) >= MOST_PENDING) return "as a stranger";
      const code = this.#options.newCode();
      this.#sql.insert.run(id, username ?? null, first_name, code, at + VALID_MS);
      return { line: codeLine(code) };
    }
    if (Number(known.told) >= MOST_TOLD) return { line: undefined };
    this.#sql.toldAgain.run(id);
    return { line: codeLine(String(known.code)) };
  }

  /** In the transaction of the write that calls it; undefined when nobody waits with this code. */
  confirm(told: string, by: string, at: number): Confirmed | undefined {
    if (!this.#options.isOn) return undefined;
    const code = told.trim().toLowerCase();
    const waiting = this.#sql.take.get(code, at);
    if (waiting !== undefined) return this.#let(pairedIn(waiting), { code, by, at });
    const before = this.#sql.pairedBy.get(code, by);
    return before && { paired: pairedIn(before), lines: [], isAgain: true };
  }

  #let(paired: Paired, { code, by, at }: { code: string; by: string; at: number }): Confirmed {
    const { queue, people } = this.#options;
    this.#sql.pair.run(paired.user_id, paired.username, paired.first_name, code, by, at);
    people.reread();
    const line = queue.addLine({ chatId: paired.user_id, text: WELCOME, entities: [] }, at);
    return { paired, lines: line === undefined ? [] : [line], isAgain: false };
  }

  /** In the transaction of the write that calls it; false for whoever was not paired. */
  end(userId: number): boolean {
    const isEnded = Number(this.#sql.unpair.run(userId).changes) > 0;
    this.#options.people.reread();
    return isEnded;
  }

  /** Resolves when it is on disk. Rejects with PAIRING_CODE_UNKNOWN or RefusedError. */
  async pair({ client, code }: Pairing): Promise<Paired> {
    const { store, onLines, audit, now } = this.#options;
    const confirmed = await store.write(() => this.confirm(code, client, now()));
    if (confirmed?.isAgain) return confirmed.paired;
    const outcome = confirmed === undefined ? "refused" : "done";
    audit.record({ decision: "pairing", outcome, client, ...(confirmed && { user_id: confirmed.paired.user_id }) });
    if (confirmed === undefined) throw new ServerError("PAIRING_CODE_UNKNOWN");
    onLines(confirmed.lines);
    return confirmed.paired;
  }
}

const WELCOME = "You may talk to this bot now. /help lists what it knows.";

function codeLine(code: string): FormattedText {
  const text = `You are not on the list of people who may talk to this bot. To be put on it, tell an administrator this code within an hour, who confirms it with /pair: ${code}`;
  return { text, entities: [{ type: "code", offset: text.length - code.length, length: code.length }] };
}

const pairedIn = ({ user_id, username, first_name }: Record<string, unknown>): Paired => ({
  user_id: Number(user_id),
  username: textOr(username),
  first_name: textOr(first_name),
});

const textOr = (value: unknown): string | null => (value === null ? null : String(value));
