/** A request as the server saw it. */
export type Received = {
  /** Milliseconds since the epoch, and on the server's steady clock. */
  readonly time: number;
  readonly steady: number;
  readonly method: string;
  /** The bot's id. */
  readonly bot: number;
  /** Absent for a chat by its public name. */
  readonly chat_id?: number;
  readonly message_thread_id?: number;
  readonly text?: string;
  readonly entities?: unknown;
  readonly link_preview_options?: unknown;
  /** The message makes no sound. */
  readonly disable_notification?: unknown;
  readonly reply_markup?: unknown;
  readonly reply_parameters?: unknown;
  /** All of a request of another method than sendMessage. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Present when the message was taken, whether or not the client learned of it. */
  readonly message_id?: number;
  /** Status of the answer; 0 = the connection was cut or left without one. */
  readonly status: number;
  readonly error?: string;
  /** The client broke a rule: sent too fast, too much, or malformed. */
  readonly violation?: boolean;
};
