import { ServerError } from "../../contract/errors.ts";
import type { Origin } from "../access/access.ts";
import type { Client } from "../access/client.ts";
import { parseJson } from "../json/parse-json.ts";
import { type Answer, failureOf } from "./answer.ts";
import { batchProblem, beginningInBatch } from "./batches.ts";
import { logCancellation } from "./cancellations.ts";
import type { Channels } from "./channel/channels.ts";
import { ConnectionExchange, type Speaker } from "./connection-exchange.ts";
import { type Dispatcher, isStateless, subjectOf } from "./dispatcher.ts";
import { stateless } from "./eras/stateless.ts";
import { type Message, type MessageId, readMessage } from "./message.ts";
import type { Agreed, Session } from "./session.ts";
import type { SessionListeners } from "./session-listeners.ts";

export type ConversationOptions = {
  readonly dispatcher: Dispatcher;
  readonly listeners: SessionListeners;
  readonly channels: Channels;
  /** What the client calls its session, beside its messages. */
  readonly sessionName?: string | undefined;
  /** Forgets what a session wanted to hear of. */
  readonly forget: (sessionKey: string) => void;
  /** Sends a message; false when the client does not take it. */
  readonly send: (text: string) => boolean;
  /** Is told after each request that no longer keeps others waiting. */
  readonly onRoom: () => void;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

/** A request under way, and how it is answered when it cannot be finished. */
type OpenRequest = { readonly exchange: ConnectionExchange; readonly fail: (error: ServerError) => Answer };

/** Requests that one connection may have under way before the next one waits. */
const mostBusy = 32;

/** The same with those that wait for the client or tell it something from time to time; one more is refused. */
const mostOpen = 256;

/**
 * What one client says on a connection of its own, and what it is answered: the session is one with the connection, and
 * so are the ids of its requests. Transports on which messages come one after the other share it.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #open = new Map<MessageId, OpenRequest>();
  #session: Session | undefined;
  /** As of the last message. */
  #client: Client | undefined;
  #onIdle: (() => void) | undefined;
  #leave = (): void => {};
  #isDraining = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
  }

  /** Whether the next message should wait. Requests that wait for the client do not count: its answers come by the same way. */
  get isFull(): boolean {
    if (this.#open.size < mostBusy) return false;
    let busy = 0;
    for (const { exchange } of this.#open.values()) if (!exchange.hasSent) busy += 1;
    return busy >= mostBusy;
  }

  /** Takes the text of one message and sends what it is answered. Never rejects. */
  async take(text: string, speaker: Speaker): Promise<void> {
    this.#client = speaker.caller.client;
    const answer = await this.#answerTo(text, speaker);
    if (answer !== undefined) this.#options.send(JSON.stringify(answer));
    if (this.#open.size === 0) this.#onIdle?.();
    this.#options.onRoom();
  }

  /** Answers an error that is known before the message was read. */
  refuse(error: ServerError, id: MessageId | undefined, method: string | undefined, { requestId }: Origin): void {
    const context = { requestId, now: this.#options.clock() };
    this.#options.send(JSON.stringify(failureOf(error, { id, method, era: undefined }, context).message));
  }

  /** Begins nothing more, and resolves when all requests under way are answered. What the client answers still counts. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#open.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    await promise;
  }

  /** There is no more time: whatever is under way is answered with an error, and what becomes of it is not told any more. */
  giveUp(error: ServerError): void {
    for (const { exchange, fail } of this.#open.values()) {
      if (!exchange.isCancelled) this.#options.send(JSON.stringify(fail(error).message));
      exchange.cancel();
    }
  }

  /** The client says nothing any more, but reads: what waits for its answers waits in vain. */
  hangUp(): void {
    for (const { exchange } of this.#open.values()) exchange.hangUp();
  }

  /** The client is gone: nothing of what it asked for is wanted any more. */
  end(): void {
    for (const { exchange } of this.#open.values()) exchange.cancel();
    this.#leave();
  }

  async #answerTo(text: string, speaker: Speaker): Promise<object | undefined> {
    const refusal = speaker.caller.charge(speaker.origin)?.refusal;
    const read = this.#read(text, speaker);
    if ("answer" in read) return read.answer;
    const { value, problem } = read;
    if (Array.isArray(value)) return this.#answerBatch(value, refusal ?? problem, speaker);
    return (await this.#answer(readMessage(value), refusal ?? problem, speaker))?.message;
  }

  #read(text: string, speaker: Speaker): { value: unknown; problem: ServerError | undefined } | { answer: object } {
    try {
      const { value, problem } = parseJson(text);
      return { value, problem: problem === undefined ? undefined : unusable(problem) };
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      return { answer: this.#failure(error, undefined, speaker).message };
    }
  }

  async #answer(message: Message, refusal: ServerError | undefined, speaker: Speaker): Promise<Answer | undefined> {
    const isRequest = message.kind === "request";
    if (refusal !== undefined && (isRequest || message.kind === "malformed")) {
      return this.#failure(refusal, message, speaker);
    }
    // Nobody reads why a message without an answer was dropped.
    if (refusal !== undefined) return undefined;
    if (message.kind === "notification" && message.method === "notifications/cancelled") {
      this.#open.get(message.params.requestId as MessageId)?.exchange.cancel();
      logCancellation(message.params, speaker.log());
      return undefined;
    }
    if (!isRequest) {
      const answer = await this.#options.dispatcher.dispatch(message, this.#exchange(speaker));
      return message.kind === "malformed" ? answer : undefined;
    }
    if (this.#isDraining) return undefined;
    const problem = this.#problemOf(message.id);
    if (problem !== undefined) return this.#failure(problem, message, speaker);
    const exchange = this.#exchange(speaker);
    this.#open.set(message.id, { exchange, fail: (error) => this.#failure(error, message, speaker) });
    try {
      const answer = await this.#options.dispatcher.dispatch(message, exchange);
      return exchange.isCancelled ? undefined : answer;
    } finally {
      this.#open.delete(message.id);
    }
  }

  #problemOf(id: MessageId): ServerError | undefined {
    if (this.#open.has(id)) {
      return new ServerError("INVALID_REQUEST", { reason: "a request with this id is under way on this connection" });
    }
    return this.#open.size >= mostOpen ? new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 1 }) : undefined;
  }

  /** Answers each message of a batch (MCP 2025-03-26); each counts as a call. */
  async #answerBatch(
    values: readonly unknown[],
    refusal: ServerError | undefined,
    speaker: Speaker,
  ): Promise<object | undefined> {
    const problem = batchProblem(values, this.#session);
    if (problem !== undefined) {
      return this.#failure(new ServerError("INVALID_REQUEST", { reason: problem }), undefined, speaker).message;
    }
    const answers = await Promise.all(
      values.map((value, index) => {
        const message = readMessage(value);
        const over = index === 0 ? refusal : (refusal ?? speaker.caller.charge(speaker.origin)?.refusal);
        return this.#answer(message, over ?? beginningInBatch(message), speaker);
      }),
    );
    const messages = answers.filter((answer) => answer !== undefined).map(({ message }) => message);
    return messages.length === 0 ? undefined : messages;
  }

  #exchange(speaker: Speaker): ConnectionExchange {
    return new ConnectionExchange({
      speaker,
      session: this.#session,
      sessionName: this.#options.sessionName,
      begin: (agreed) => this.#begin(agreed, speaker),
      send: (message) => {
        const isTaken = this.#options.send(JSON.stringify(message));
        this.#options.onRoom();
        return isTaken;
      },
    });
  }

  #begin(agreed: Agreed, { caller: { client } }: Speaker): void {
    const { listeners, channels, forget, send, newId } = this.#options;
    this.#leave();
    const key = newId();
    const session = { ...agreed, id: key, key, isShared: false };
    this.#session = session;
    const sendMessage = (message: object) => send(JSON.stringify(message));
    const stopListening = listeners.add(key, (message) => void sendMessage(message));
    channels.connect(session, { send: sendMessage, onClose: () => {}, client: () => this.#client });
    this.#leave = () => {
      stopListening();
      void channels.leave(session, client);
      forget(key);
    };
  }

  #failure(error: ServerError, message: Message | undefined, { origin }: Speaker): Answer {
    const subject = message === undefined ? { id: undefined, method: undefined } : subjectOf(message);
    const era = message !== undefined && isStateless(message, undefined) ? stateless : undefined;
    const { clock, dispatcher } = this.#options;
    return failureOf(error, { ...subject, era }, { requestId: origin.requestId, now: clock(), info: dispatcher.info });
  }
}

function unusable(problem: string): ServerError {
  return new ServerError("VALIDATION_ERROR", { problems: `the message is refused: ${problem}` });
}
