import * as z from "zod";
import type { Relay } from "../bridge-client/relay.ts";

/** How long the others have to answer, in milliseconds. One that is there answers in a few. */
const patienceMs = 2_000;

const topic = "peers";

const messageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("question"), id: z.string(), subject: z.string(), content: z.unknown() }),
  z.object({ type: z.literal("answer"), id: z.string(), content: z.unknown() }),
]);

type Message = z.input<typeof messageSchema>;

/** Answers a question, or undefined when it is not for this process. Must not throw. */
export type Answerer = (content: unknown) => unknown;

/** Questions of one process to all others that serve the same clients: whoever has what is asked for answers. */
export class Peers {
  readonly #relay: Relay;
  readonly #newId: () => string;
  readonly #answerers = new Map<string, Answerer>();
  readonly #waiting = new Map<string, (content: unknown) => void>();

  constructor(relay: Relay, newId: () => string) {
    this.#relay = relay;
    this.#newId = newId;
  }

  /** Begins to hear the others; the returned function ends that. */
  listen(): () => void {
    return this.#relay.subscribe(
      (message) => {
        if (message.topic === topic) this.#hear(message.text);
      },
      () => undefined,
    );
  }

  /** Says who answers questions about a subject. */
  answer(subject: string, answerer: Answerer): void {
    this.#answerers.set(subject, answerer);
  }

  /** Asks the others. Undefined when none of them answers; rejects when the bridge cannot be reached. */
  async ask(subject: string, content: unknown): Promise<unknown> {
    const id = this.#newId();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => resolve(undefined), patienceMs).unref();
    this.#waiting.set(id, resolve);
    try {
      await this.#say({ type: "question", id, subject, content });
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #hear(text: string): void {
    const parsed = messageSchema.safeParse(JSON.parse(text));
    // A server of another version, in the middle of an upgrade, may say what this one does not know.
    if (!parsed.success) return;
    const { id, content, ...message } = parsed.data;
    const waiting = this.#waiting.get(id);
    if (message.type === "answer") waiting?.(content);
    // A question of its own comes back to a process, too.
    if (message.type === "answer" || waiting !== undefined) return;
    const answer = this.#answerers.get(message.subject)?.(content);
    // Who asked gives up by itself when the answer does not come.
    if (answer !== undefined) void this.#say({ type: "answer", id, content: answer }).catch(() => undefined);
  }

  #say(message: Message): Promise<void> {
    return this.#relay.publish(topic, JSON.stringify(message));
  }
}
