import type { Clock, Timer } from "../../runtime/clock.ts";
import type { ObjectKey } from "../../runtime/controller.ts";
import { Limiter } from "../../runtime/limiter.ts";

/** The target of a probe, and its resource. */
type Subject = ObjectKey & { readonly uid: string };

/** The result of a probe. */
type Finding = {
  /** False while a failure may be a normal state of a start; set by the schedule. Default: true. */
  readonly lasting?: boolean;
};

/** How the schedule interprets a result. */
export type Reading<R extends Finding> = {
  /** Every part answered, without a problem. */
  readonly isWell: (result: R) => boolean;
  /** A target that is well and also idle is probed rarely. */
  readonly isQuiet: (result: R) => boolean;
  /** The part of a result that a status can show. */
  readonly shown: (result: R | undefined) => string;
};

type Tracked<T, R> = {
  target: T;
  result: R | undefined;
  timer: Timer | undefined;
  running: boolean;
  /** Consecutive probes without a new result. */
  unchanged: number;
  /** Consecutive probes that found a problem. */
  bad: number;
};

type ScheduleOptions<T extends Subject, R extends Finding> = Reading<R> & {
  readonly probe: (target: T) => Promise<R>;
  readonly onChange: (key: ObjectKey) => void;
  readonly clock: Clock;
  readonly random: () => number;
  /** Between two probes of a target that is well. Default 30 s. */
  readonly intervalMs?: number;
  /** Delay after the first failed probe; doubles each time, so that a starting target is noticed soon. Default 250 ms. */
  readonly firstRetryMs?: number;
  /** The longest delay after a failure. Default 5 s. */
  readonly retryMs?: number;
  /** After so many equal failures, `intervalMs` applies. Default 16, about a minute. */
  readonly retries?: number;
  /** So many consecutive failures are not a normal state of a start. Default 6, about eight seconds. */
  readonly patience?: number;
  /** Whether results stay valid when the target changes. Default true. */
  readonly keepsResults?: boolean;
  /** Probes at a time: at its start an operator finds all its targets at once. Default 16. */
  readonly parallel?: number;
  /** A probe without an answer gives its place to the next one after this time. Default 500 ms. */
  readonly turnMs?: number;
};

const defaults = {
  intervalMs: 30_000,
  firstRetryMs: 250,
  retryMs: 5_000,
  retries: 16,
  patience: 6,
  keepsResults: true,
  parallel: 16,
  turnMs: 500,
} satisfies Partial<ScheduleOptions<never, never>>;

/** Probes every running CCTelegram repeatedly, and reports changed results. */
export class ProbeSchedule<T extends Subject, R extends Finding> {
  readonly #tracked = new Map<string, Tracked<T, R>>();
  readonly #options: Required<ScheduleOptions<T, R>>;
  readonly #limiter: Limiter;
  #stopped = false;

  constructor(options: ScheduleOptions<T, R>) {
    this.#options = { ...defaults, ...options };
    this.#limiter = new Limiter(this.#options.parallel);
  }

  result(uid: string): R | undefined {
    return this.#tracked.get(uid)?.result;
  }

  /** Probes this target from now on; at once if it is new or has changed. */
  track(target: T): void {
    const tracked = this.#tracked.get(target.uid);
    if (tracked && same(tracked.target, target)) return;
    if (!tracked)
      this.#tracked.set(target.uid, {
        target,
        result: undefined,
        timer: undefined,
        running: false,
        unchanged: 0,
        bad: 0,
      });
    else Object.assign(tracked, { target, bad: 0, ...(this.#options.keepsResults ? {} : { result: undefined }) });
    this.#schedule(target.uid, 0);
  }

  forget(uid: string): void {
    this.#tracked.get(uid)?.timer?.cancel();
    this.#tracked.delete(uid);
  }

  stop(): void {
    this.#stopped = true;
    for (const uid of [...this.#tracked.keys()]) this.forget(uid);
  }

  #schedule(uid: string, afterMs: number): void {
    const tracked = this.#tracked.get(uid);
    if (!tracked || this.#stopped) return;
    tracked.timer?.cancel();
    tracked.timer = this.#options.clock.setTimeout(() => void this.#run(uid, tracked), afterMs);
  }

  async #run(uid: string, tracked: Tracked<T, R>): Promise<void> {
    if (tracked.running) return;
    tracked.running = true;
    let { target } = tracked;
    const answer = await this.#inTurn(async () => {
      target = tracked.target;
      return this.#tracked.get(uid) === tracked ? this.#options.probe(target) : undefined;
    });
    tracked.running = false;
    if (this.#tracked.get(uid) !== tracked || answer === undefined) return;
    const { isWell, patience } = this.#options;
    tracked.bad = isWell(answer) ? 0 : tracked.bad + 1;
    const mayPass = tracked.bad > 0 && tracked.bad < patience;
    const result: R = mayPass ? { ...answer, lasting: false } : answer;
    const isNews = this.#answers(tracked.result) !== this.#answers(result);
    const changed = isNews || tracked.result?.lasting !== result.lasting;
    tracked.result = result;
    tracked.unchanged = isNews ? 0 : tracked.unchanged + 1;
    if (changed) this.#options.onChange(target);
    if (tracked.target !== target) this.#schedule(uid, 0);
    else this.#schedule(uid, this.#pauseAfter(tracked, result) * this.#jitter());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { clock, turnMs } = this.#options;
    return new Promise((resolve, reject) => {
      const turn = () =>
        new Promise<void>((end) => {
          const timer = clock.setTimeout(end, turnMs);
          const ended = () => {
            timer.cancel();
            end();
          };
          work().then(resolve, reject).finally(ended);
        });
      void this.#limiter.run(turn);
    });
  }

  #pauseAfter({ unchanged }: Tracked<T, R>, result: R): number {
    const { isWell, isQuiet, intervalMs, firstRetryMs, retryMs, retries } = this.#options;
    if (unchanged >= retries || (isWell(result) && isQuiet(result))) return intervalMs;
    return isWell(result) ? retryMs : Math.min(retryMs, firstRetryMs * 2 ** unchanged);
  }

  /** The result without `lasting`. */
  #answers(result: R | undefined): string {
    return this.#options.shown(result && { ...result, lasting: undefined });
  }

  #jitter(): number {
    return 0.8 + 0.4 * this.#options.random();
  }
}

const same = (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b);
