import type { AttentionMode } from "../../../contract/attention.ts";
import type { BridgeStatus } from "../../../contract/bridge-status.ts";
import type { Pause } from "../../../contract/control.ts";
import type { Paired, Session } from "../../../contract/sessions.ts";
import type { TodoSession } from "../../../contract/todos.ts";
import type { FormattedText } from "../formatting/formatted-text.ts";
import type { Person } from "../receiving/update.ts";
import type { BindingPlace } from "../sessions/bindings.ts";
import type { KeptSession } from "../sessions/kept-session.ts";

/** What a command may look at. It is asked within the transaction of the update, so nothing in it waits. */
export type CommandContext = {
  status(): BridgeStatus;
  /** How many messages of each client wait, most first. */
  waitingByClient(): readonly { readonly client: string; readonly messages: number }[];
  /** What clients registered, or one of them, the session that registered last first. Throws when it cannot be read. */
  todos(client?: string): readonly TodoSession[];
  /** What waits for a decision, newest first. Throws when it cannot be read. */
  openApprovals(limit: number): readonly OpenApproval[];
  /** Sessions that people talk to, whoever was heard last first. Throws when they cannot be read. */
  sessions(limit: number): readonly Session[];
  /** Those of all clients that are called so, in whatever letters. */
  sessionsCalled(name: string): readonly KeptSession[];
  /** What is said in a chat or topic is for a session from now on. */
  bind(session: number, place: BindingPlace, by: number): void;
  /** The name of the session that heard it until now; undefined when none did. */
  unbind(place: BindingPlace): string | undefined;
  /** Whoever was told this code may talk to the bot from now on. Undefined: nobody was. off: nobody is paired here. */
  pair(code: string, by: number): Paired | "off" | undefined;
  /** Whoever was paired may not any more; false when nobody of this id was. */
  unpair(userId: number): boolean;
  /** Sets the mode of a person. */
  setMode(user: number, mode: AttentionMode): void;
  /** Since when delivery is stopped, and by whom; undefined when it is not. */
  paused(): Pause | undefined;
  /** Stops delivery or lets it go on; false when it was so already. */
  setPaused(paused: boolean, by: string): boolean;
  /** Ends the bridge, so that another one takes its place. */
  restart(by: string): void;
  /** Steady milliseconds since the epoch. */
  now(): number;
};

export type OpenApproval = {
  readonly id: string;
  readonly createdAt: number;
  readonly title: string;
  readonly client: string;
  readonly votes: number;
  readonly required: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
};

export type Asked = {
  readonly from: Person;
  readonly chatId: number;
  /** Of a group in which it was given. */
  readonly topic: number | undefined;
  readonly isAdmin: boolean;
  /** What stands behind the command; "" for nothing. */
  readonly args: string;
  /** The commands that this person may give. */
  readonly commands: readonly Command[];
};

/** A row of the table of commands. */
export type Command = {
  /** As Telegram lists it: 1 to 32 of `a-z0-9_`. */
  readonly name: string;
  /** Other names under which it is known. */
  readonly aliases?: readonly string[];
  /** 1 to 256 characters, for the bot's menu and /help. */
  readonly description: string;
  /** What may follow it, for /help. */
  readonly argument?: string;
  /** people: everybody who may talk to the bot; admins: those of them who are administrators, if any are named. */
  readonly who: "people" | "admins";
  /** True: what it tells is for everybody in a group, whoever that is. */
  readonly isPublic?: true;
  /**
   * What the person is told. It runs within the transaction of the update: what it writes through the same store is on disk
   * together with the answer, once.
   */
  answer(asked: Asked, context: CommandContext): FormattedText;
  /** What is done when that is on disk, at most once: a crash in between leaves it out. */
  afterwards?(asked: Asked, context: CommandContext): void;
};
