import { ServerError, toServerError } from "../../../contract/errors.ts";
import { type SessionHanded, type SessionListening, sessionLimits } from "../../../contract/sessions.ts";
import type { SessionCalls } from "../../bridge-client/sessions.ts";
import type { RequestLogger } from "../method.ts";
import type { RunSignals } from "./channel.ts";
import { type Doorbell, type Doorbells, passed } from "./doorbells.ts";
import { messageOf, nameTakenMessage } from "./messages.ts";

/** What became of what was written: the client has read past it, or has not said so in time. */
export type PushEnding = "read" | "written";

/** Milliseconds. */
export type PumpTimes = {
  /** Between two looks whether a name is free that another session has. */
  readonly lookMs: number;
  /** Between two tries while the bridge is away. */
  readonly retryMs: number;
};

const longestGoodbyeMs = 2_000;

/** Between two tries of what the bridge refuses, in milliseconds. */
const longestPauseMs = 300_000;

export const usualTimes: PumpTimes = Object.freeze({ lookMs: 10_000, retryMs: 1_000 });

export type PumpOptions = RunSignals & {
  readonly sessions: SessionCalls;
  readonly doorbells: Doorbells;
  /** The client's name. */
  readonly client: string;
  readonly name: string;
  /** Identity of the session, the same on every replica. */
  readonly holder: string;
  /** Whether the client may still hear it: its key may be taken back. */
  readonly mayHear: () => boolean;
  /** Writes to the connection; false when it is gone. */
  readonly send: (message: object) => boolean;
  /** Resolves with true when the client has read everything before, with false when it does not say so in time. */
  readonly fence: (signal: AbortSignal) => Promise<boolean>;
  readonly onSettled: (ending: PushEnding, count: number) => void;
  readonly log: RequestLogger;
  readonly times: PumpTimes;
};

/**
 * Hands over to a connection of a session what people say to it, in order, until the connection is gone. What was written and not
 * confirmed is open when the connection breaks, and comes again, marked, on the next one. Never rejects.
 */
export async function pump(options: PumpOptions): Promise<void> {
  const { signal, log, name, client, times } = options;
  let isTold = false;
  let pauseMs = times.retryMs;
  while (!signal.aborted && options.mayHear()) {
    try {
      const listening = await begin(options);
      if (listening !== undefined) {
        await handOver(options, listening).finally(() => letGo(options, listening));
        pauseMs = times.retryMs;
      } else if (!isTold) {
        isTold = true;
        options.send(nameTakenMessage(name));
      }
      if (options.mayHear()) await untilFree(options);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toServerError(thrown);
      log.warn({ err: error.cause ?? error, session: name, client }, "a channel is interrupted; trying again");
      await passed(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }
}

/** Undefined when another session has the name and is there. */
async function begin(options: PumpOptions): Promise<SessionListening | undefined> {
  const { sessions, client, name, holder } = options;
  try {
    await persist(options, () => sessions.register({ client, name, holder, take_over: false }));
    return await persist(options, () => sessions.listen({ client, name, holder }));
  } catch (error) {
    if (isTaken(error)) return undefined;
    throw error;
  }
}

/** Until another connection has begun to listen, or this one is gone. */
async function handOver(options: PumpOptions, listening: SessionListening): Promise<void> {
  const { sessions, doorbells, client, name, holder, signal } = options;
  const { generation } = listening;
  const bell = doorbells.of(listening.id);
  const aliveMs = (listening.lease_seconds * 1_000) / 3;
  try {
    for (let after = 0; !signal.aborted && options.mayHear(); ) {
      const handed = await persist(options, () => sessions.next({ client, name, holder, generation, after }));
      if (handed.events.length > 0) {
        if (!(await deliver(options, handed, generation))) return;
        after = handed.events.at(-1)?.id ?? after;
      }
      // Asking again also says that the session is there.
      if (!handed.more) await bell.rung(aliveMs, signal);
    }
  } catch (error) {
    if (!isTaken(error)) throw error;
  } finally {
    bell.remove();
  }
}

/**
 * Nobody hears by this connection any more. A session that comes back by another one holds its name again; one that does not, because
 * its process was killed, leaves it to the next one of its client soon. Never rejects.
 */
async function letGo({ sessions, client, name, holder, log }: PumpOptions, { generation }: SessionListening) {
  const held = { client, name, holder, generation };
  const told = sessions.listen({ ...held, lease_seconds: sessionLimits.returnSeconds }).catch((error: unknown) => {
    if (!isTaken(error)) log.debug({ err: error, session: name }, "the bridge does not know that a connection is gone");
  });
  // A server that ends does not wait for a bridge that is away: the lease runs out by itself.
  await Promise.race([told, passed(longestGoodbyeMs, new AbortController().signal)]);
}

/** False when the connection is gone: nobody knows what of it was read. */
async function deliver(options: PumpOptions, { events }: SessionHanded, generation: number): Promise<boolean> {
  const { sessions, client, name, signal, send, fence, onSettled } = options;
  for (const event of events) if (!send(messageOf(event))) return false;
  const isRead = await fence(signal);
  if (signal.aborted) return false;
  const ending: PushEnding = isRead ? "read" : "written";
  const ids = events.map(({ id }) => id);
  await persist(options, () => sessions.settle({ client, name, generation, ending, of: "events", ids }));
  onSettled(ending, ids.length);
  return true;
}

/**
 * Another session has the name, or this one listens by another connection: looks now and then whether it is gone, until the session
 * registers itself.
 */
async function untilFree(options: PumpOptions): Promise<void> {
  const { sessions, doorbells, client, name, times } = options;
  const own = new AbortController();
  void options.registered().then(() => own.abort());
  const signal = AbortSignal.any([options.signal, own.signal]);
  let bell: Doorbell | undefined;
  try {
    while (!signal.aborted) {
      const all = await persist(options, () => sessions.list(client));
      const session = all.find((one) => one.name === name);
      if (session === undefined || session.state === "away") return;
      bell ??= doorbells.of(session.id);
      await bell.rung(times.lookMs, signal);
    }
  } finally {
    bell?.remove();
  }
}

/** Asks again while the bridge is away: what is not settled would come twice. */
async function persist<T>({ signal, times }: PumpOptions, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error)) throw error;
      await passed(times.retryMs, signal);
    }
  }
}

const isTaken = (error: unknown): boolean => error instanceof ServerError && error.code === "SESSION_NAME_TAKEN";

const isAway = (error: unknown): boolean =>
  error instanceof ServerError && (error.code === "BRIDGE_UNAVAILABLE" || error.code === "TIMEOUT_ERROR");
