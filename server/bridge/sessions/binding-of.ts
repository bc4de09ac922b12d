/** What is known of where somebody said something; sessions are rows. */
export type Heard = {
  readonly isPrivate: boolean;
  readonly topic: number | undefined;
  /** Of the message of the bot that is answered: its session, or none. Undefined when none is answered, or nobody knows which. */
  readonly answered: { readonly session: number | undefined } | undefined;
  /** The session that the topic, or the chat without topics, is bound to. */
  readonly place: number | undefined;
  /** The session that the chat itself is bound to. */
  readonly chat: number | undefined;
};

/**
 * The session that somebody speaks to; `binds`: the place is that session's from now on. An answer goes to whom it answers,
 * then counts what a person has bound. In a private chat what a topic of it does not say, the chat does. Pure.
 */
export function bindingOf({ isPrivate, topic, answered, place, chat }: Heard): {
  readonly session: number | undefined;
  readonly binds: boolean;
} {
  const bound = place ?? (isPrivate ? chat : undefined);
  if (answered === undefined) return { session: bound, binds: false };
  // In a group's General others talk, too: nobody binds it unawares.
  const isOwn = isPrivate || topic !== undefined;
  return { session: answered.session, binds: answered.session !== undefined && bound === undefined && isOwn };
}
