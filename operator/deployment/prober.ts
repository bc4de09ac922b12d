import type { Clock, Timer } from "../runtime/clock.ts";
import type { ObjectKey } from "../runtime/controller.ts";
import { Limiter } from "../runtime/limiter.ts";
import { isWell, type ProbeResult, rounded, type Target } from "./probe.ts";

type Tracked = {
  target: Target;
  result: ProbeResult | undefined;
  timer: Timer | undefined;
  running: boolean;
  /** Probes in a row that found nothing new. */
  unchanged: number;
  /** Probes in a row that found something not well. */
  bad: number;
};

type ProberOptions = {
  readonly probe: (target: Target) => Promise<ProbeResult>;
  readonly onChange: (key: ObjectKey) => void;
  readonly clock: Clock;
  readonly random: () => number;
  /** Between two probes of a part that is well. Default 30 s. */
  readonly intervalMs?: number;
  /** After the first probe that got no good answer; doubles from probe to probe: what starts is found soon. Default 250 ms. */
  readonly firstRetryMs?: number;
  /** The longest pause while something is wrong. Default 5 s. */
  readonly retryMs?: number;
  /** Trouble found this often in a row is no news: it is asked for as rarely as what is well. Default 16, a minute. */
  readonly retries?: number;
  /** Something not well that was found so often in a row is no passing state of a start. Default 6, some eight seconds. */
  readonly patience?: number;
  /** Probes at a time: an operator that starts finds all its targets at once. Default 16. */
  readonly parallel?: number;
  /** For so long a probe counts as one of them: what does not answer must not hold up the others. Default 500 ms. */
  readonly turnMs?: number;
};

const defaults = {
  intervalMs: 30_000,
  firstRetryMs: 250,
  retryMs: 5_000,
  retries: 16,
  patience: 6,
  parallel: 16,
  turnMs: 500,
} satisfies Partial<ProberOptions>;

/** Asks every running CCTelegram again and again how it is, and tells when the answer changes. */
export class Prober {
  readonly #tracked = new Map<string, Tracked>();
  readonly #options: Required<ProberOptions>;
  readonly #limiter: Limiter;
  #stopped = false;

  constructor(options: ProberOptions) {
    this.#options = { ...defaults, ...options };
    this.#limiter = new Limiter(this.#options.parallel);
  }

  result(uid: string): ProbeResult | undefined {
    return this.#tracked.get(uid)?.result;
  }

  /** Probes this target from now on; at once when it is new or has changed. */
  track(target: Target): void {
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
    else Object.assign(tracked, { target, bad: 0 });
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

  async #run(uid: string, tracked: Tracked): Promise<void> {
    if (tracked.running) return;
    tracked.running = true;
    let { target } = tracked;
    const answer = await this.#inTurn(async () => {
      target = tracked.target;
      return this.#tracked.get(uid) === tracked ? this.#options.probe(target) : undefined;
    });
    tracked.running = false;
    if (this.#tracked.get(uid) !== tracked || answer === undefined) return;
    tracked.bad = isWell(answer) ? 0 : tracked.bad + 1;
    const mayPass = tracked.bad > 0 && tracked.bad < this.#options.patience;
    const result: ProbeResult = mayPass ? { ...answer, lasting: false } : answer;
    const changed = significant(tracked.result) !== significant(result);
    const isNews = answersOf(tracked.result) !== answersOf(result);
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

  #pauseAfter({ unchanged }: Tracked, result: ProbeResult): number {
    const { intervalMs, firstRetryMs, retryMs, retries } = this.#options;
    if (unchanged >= retries || (isWell(result) && drained(result))) return intervalMs;
    return isWell(result) ? retryMs : Math.min(retryMs, firstRetryMs * 2 ** unchanged);
  }

  #jitter(): number {
    return 0.8 + 0.4 * this.#options.random();
  }
}

const same = (a: Target, b: Target) => JSON.stringify(a) === JSON.stringify(b);

const drained = ({ bridge }: ProbeResult) => !bridge?.answered || rounded(bridge.queue.pending) === 0;

/** The part of a result that a status can show. */
function significant(result: ProbeResult | undefined): string {
  return JSON.stringify(result, (key, value) => (key === "pending" ? rounded(value) : value)) ?? "";
}

/** The same but for how long it has been so. */
const answersOf = (result: ProbeResult | undefined) =>
  significant(result && { server: result.server, bridge: result.bridge });
