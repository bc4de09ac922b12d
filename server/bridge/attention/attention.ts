import { timeZone } from "../../../config/schemas.ts";
import type { AttentionMode, ModeRequest, ModeSet } from "../../../contract/attention.ts";
import { ServerError } from "../../../contract/errors.ts";
import type { EventWeight } from "../../../contract/event-types.ts";
import { type QuietHours, quietHoursSchema, quietHoursText } from "../../../contract/quiet-hours.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Store } from "../storage/store.ts";
import { prepareAttention } from "./attention-statements.ts";
import { type Decision, decide, type Settings } from "./decision.ts";
import { modeLine } from "./mode-line.ts";

export type AttentionOptions = {
  readonly store: Store;
  readonly queue: Pick<Queue, "addLine">;
  /** Chats that messages go to. The people among them have modes; a group is always told. */
  readonly recipients: readonly number[];
  /** Of everybody who has none of their own. */
  readonly quietHours: QuietHours | undefined;
  /** IANA name, of everybody who has none of their own. */
  readonly timeZone: string;
  /** Told of the lines that people get to read because somebody changed their mode. */
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
};

/** What a person has set for themselves; what is undefined is as for everybody. */
export type OwnQuiet = {
  /** "none": they want no quiet hours. */
  readonly quietHours?: QuietHours | "none" | undefined;
  readonly timeZone?: string | undefined;
};

type Own = { readonly mode: AttentionMode } & OwnQuiet;

/** Who wants to be disturbed by what. What people have set is in the bridge's file. */
export class Attention {
  readonly #options: AttentionOptions;
  readonly #people: ReadonlySet<number>;
  readonly #sql: ReturnType<typeof prepareAttention>;
  readonly #own = new Map<number, Own>();

  constructor(options: AttentionOptions) {
    this.#options = options;
    this.#people = new Set(options.recipients.filter((id) => id > 0));
    this.#sql = prepareAttention(options.store.db);
    this.#read();
    options.store.onUndone(() => this.#read());
  }

  /** The mode of a person; nomad until somebody sets another. */
  modeOf(user: number): AttentionMode {
    return this.#own.get(user)?.mode ?? "nomad";
  }

  /** What becomes of a message to a chat that is sent now. */
  decide(chatId: number, weight: EventWeight): Decision {
    return chatId > 0 ? decide(weight, this.settingsOf(chatId), this.#options.now()) : "sound";
  }

  settingsOf(user: number): Settings {
    const { quietHours = this.#options.quietHours, timeZone = this.#options.timeZone } = this.#own.get(user) ?? {};
    return { mode: this.modeOf(user), quietHours: quietHours === "none" ? undefined : quietHours, timeZone };
  }

  /** Sets modes for a client; who has another one now is told so. Throws UNKNOWN_PERSON, and then has changed nothing. */
  async setModes({ client, mode, user_ids }: ModeRequest): Promise<ModeSet> {
    const users = [...new Set(user_ids ?? this.#people)];
    for (const user of users) this.#requirePerson(user);
    const { store, queue, now, onLines } = this.#options;
    const lines = await store.write(() => {
      const at = now();
      const changed = users.filter((user) => this.modeOf(user) !== mode);
      this.setMode(users, mode, client, at);
      return changed.flatMap((chatId) => queue.addLine({ chatId, ...modeLine(mode, client) }, at) ?? []);
    });
    onLines(lines);
    return { mode, user_ids: users };
  }

  /** Sets a mode in the transaction of the write that calls it. `by`: a client's name, or the person. */
  setMode(users: readonly number[], mode: AttentionMode, by: string, at: number): void {
    for (const user of users) {
      this.#sql.setMode.run(user, mode, by, Math.floor(at));
      this.#own.set(user, { ...this.#own.get(user), mode });
    }
  }

  /** Sets a person's own quiet hours and time zone in the transaction of the write that calls it. */
  setQuiet(user: number, own: OwnQuiet, at: number): void {
    const { quietHours } = own;
    const text = typeof quietHours === "object" ? quietHoursText(quietHours) : (quietHours ?? null);
    this.#sql.setQuietHours.run(user, text, own.timeZone ?? null, String(user), Math.floor(at));
    this.#own.set(user, { mode: this.modeOf(user), ...own });
  }

  #requirePerson(user: number): void {
    if (!this.#people.has(user)) throw new ServerError("UNKNOWN_PERSON", { reason: `${user}` });
  }

  #read(): void {
    this.#own.clear();
    for (const { user_id, mode, quiet_hours, time_zone } of this.#sql.all.all()) {
      this.#own.set(Number(user_id), {
        mode: mode as AttentionMode,
        quietHours: ownQuietHours(quiet_hours),
        timeZone: timeZone.safeParse(time_zone).data,
      });
    }
  }
}

/** What cannot be read, of a damaged file or a zone that is no more, is as if it had not been set. */
function ownQuietHours(text: unknown): OwnQuiet["quietHours"] {
  return text === "none" ? text : quietHoursSchema.safeParse(text).data;
}
