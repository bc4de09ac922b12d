import { randomUUID } from "node:crypto";
import type {
  Followed,
  FollowRequest,
  Publication,
  Published,
  Recalled,
  RecallRequest,
  RelayMessage,
} from "../../contract/relay.ts";
import { Follower } from "./follower.ts";

/** What the servers of one bridge say to each other. Its methods throw only errors of the catalogue. */
export type Relay = {
  /**
   * Tells every server. Topic and key have 1 to 256 printable ASCII characters, the text at most 256 KiB. With `keep` the
   * text is the topic's value under that key, too, until another replaces it; "" deletes it.
   */
  publish(topic: string, text: string, keep?: string): Promise<void>;
  /** What the bridge still holds of a topic. */
  recall(topic: string, after?: number): Promise<Remembered>;
  /**
   * Hears all topics, in order, from now on: a `publish` or `recall` of this process that begins later is behind it.
   * `onMissed` says that messages before the next one are lost: the bridge restarted, or was away for too long. Neither
   * function may throw. Returns a function that ends it.
   */
  subscribe(listener: (message: RelayMessage) => void, onMissed: () => void): () => void;
  /** Ends all subscriptions; later ones hear nothing. */
  close(): void;
};

type Remembered = {
  /** Of the topic, in order, at most 10 minutes old. */
  readonly messages: readonly RelayMessage[];
  /** The topic's values by key. */
  readonly kept: Readonly<Record<string, string>>;
  /** Everything of the topic up to here is told; the `after` of a next call. */
  readonly position: number;
  /** Not everything after the given position is still there. */
  readonly missed: boolean;
};

/** A relay's three requests: over HTTP, or to a bridge in the same process. */
export type RelaySource = {
  publish(publication: Publication): Promise<Published>;
  recall(request: RecallRequest): Promise<Recalled>;
  follow(request: FollowRequest, signal: AbortSignal): Promise<Followed>;
};

type Subscriber = { readonly listener: (message: RelayMessage) => void; readonly onMissed: () => void };

/** A relay with one follower for all subscribers, which runs while there are any. `random` is in [0, 1). */
export function relayOver(source: RelaySource, random: () => number): Relay {
  const subscribers = new Set<Subscriber>();
  let follower: Follower | undefined;
  let closed = false;
  const tell = (say: (subscriber: Subscriber) => void) => {
    for (const subscriber of [...subscribers]) if (subscribers.has(subscriber)) guarded(() => say(subscriber));
  };
  const start = () =>
    new Follower({
      follow: source.follow,
      random,
      onMessage: (message) => tell(({ listener }) => listener(message)),
      onMissed: () => tell(({ onMissed }) => onMissed()),
    });
  const stop = () => {
    follower?.stop();
    follower = undefined;
  };
  return {
    async publish(topic, text, keep) {
      await follower?.started;
      await source.publish({ topic, text, id: randomUUID(), ...(keep !== undefined && { keep }) });
    },
    async recall(topic, after) {
      await follower?.started;
      return recallAll(source, topic, after);
    },
    subscribe(listener, onMissed) {
      if (closed) return () => {};
      const subscriber = { listener, onMissed };
      subscribers.add(subscriber);
      follower ??= start();
      return () => {
        subscribers.delete(subscriber);
        if (subscribers.size === 0) stop();
      };
    },
    close() {
      closed = true;
      subscribers.clear();
      stop();
    },
  };
}

/** Page by page; the values are those of the last one. */
async function recallAll(source: RelaySource, topic: string, after: number | undefined): Promise<Remembered> {
  const messages: RelayMessage[] = [];
  let missed = false;
  for (let from = after; ; ) {
    const page = await source.recall({ topic, ...(from !== undefined && { after: from }) });
    messages.push(...page.messages);
    missed ||= page.missed;
    from = page.position;
    if (!page.more) return { messages, missed, kept: page.kept, position: page.position };
  }
}

/** One subscriber's fault keeps nothing from the others; the process is warned of it. */
function guarded(say: () => void): void {
  try {
    say();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : new Error(String(error)));
  }
}
