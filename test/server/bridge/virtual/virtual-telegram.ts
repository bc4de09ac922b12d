import { ApiError, tooManyRequests } from "../../../telegram/api-error.ts";
import { Bot } from "../../../telegram/bot.ts";
import { applyControl, type Control } from "../../../telegram/control.ts";
import type { Fault } from "../../../telegram/faults.ts";
import { type FloodLimits, STRICT_LIMITS } from "../../../telegram/flood-control.ts";
import { type Parameters, parametersOf } from "../../../telegram/request-parameters.ts";
import { type World, Worlds } from "../../../telegram/worlds.ts";
import { TOKEN } from "../support.ts";

/** A request that Telegram has answered; the bridge may not have heard of the answer. */
export type Answered = {
  readonly at: number;
  readonly method: string;
  readonly parameters: Parameters;
  readonly result?: unknown;
  readonly error?: ApiError;
  /** The answer never came. */
  readonly isLost: boolean;
};

/** The stand-in for Telegram, with its rules and faults, behind a function instead of a port. */
export class VirtualTelegram {
  readonly answered: Answered[] = [];
  readonly bot: Bot;
  readonly #worlds: Worlds;
  readonly #world: World;

  constructor(limits: FloodLimits | false = STRICT_LIMITS) {
    this.#worlds = new Worlds({ limits, chats: undefined, steady: () => performance.now(), clock: Date.now });
    const id = Number(TOKEN.split(":", 1)[0]);
    this.#world = this.#worlds.of(id);
    this.bot = new Bot(id, this.#world);
  }

  control(control: Control): void {
    applyControl(control, this.#worlds.concernedBy(undefined), [this.bot]);
  }

  /** Violations of the rules. */
  get violations(): readonly Answered[] {
    return this.answered.filter(({ error }) => error?.violation === true);
  }

  get groups(): World["groups"] {
    return this.#world.groups;
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#world.faults.clear();
  }

  stop(): void {
    this.bot.stop();
  }

  /** For one process, until it is killed: then no answer comes to it any more. */
  connect(killed: AbortSignal): typeof fetch {
    return async (input, init) => {
      const signal = init?.signal ? AbortSignal.any([init.signal, killed]) : killed;
      signal.throwIfAborted();
      const request = new Request(input, { ...init, signal: null });
      const url = new URL(request.url);
      const method = url.pathname.split("/").at(-1) ?? "";
      const body = Buffer.from(await request.arrayBuffer());
      const parameters = await parametersOf(body, request.headers.get("content-type") ?? "", url);
      const answer = await Promise.race([this.#answer(method, parameters, signal), whenAborted(signal)]);
      signal.throwIfAborted();
      return answer;
    };
  }

  async #answer(method: string, parameters: Parameters, signal: AbortSignal): Promise<Response> {
    const { faults } = this.#world;
    if (faults.outage) throw reset();
    const fault = faults.take(method);
    const isCut = fault?.kind === "reset" || fault?.kind === "hang";
    try {
      if (isCut && fault.when !== "after") return await cut(fault.kind);
      this.#refuse(fault, parameters);
      const result = await this.bot.methods.get(method.toLowerCase())?.(parameters, signal);
      this.answered.push({ at: Date.now(), method, parameters, result, isLost: isCut || signal.aborted });
      return isCut ? await cut(fault.kind) : Response.json({ ok: true, result });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.answered.push({ at: Date.now(), method, parameters, error, isLost: false });
      const more = error.parameters && { parameters: error.parameters };
      const body = { ok: false, error_code: error.code, description: error.message, ...more };
      return Response.json(body, { status: error.code });
    }
  }

  /** Throws what the fault says. */
  #refuse(fault: Fault | undefined, { chat_id }: Parameters): void {
    if (fault?.kind === "status") throw new ApiError(fault.status, fault.description ?? `Injected ${fault.status}`);
    if (fault?.kind !== "rate_limit") return;
    const { seconds, scope } = fault;
    this.#world.flood.pause(scope === "bot" ? "bot" : `chat ${chat_id}`, seconds, performance.now());
    throw tooManyRequests(seconds, false);
  }
}

const reset = () =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }) });

/** No answer: the connection ends, or nothing comes at all. */
function cut(how: "reset" | "hang"): Promise<never> {
  return how === "reset" ? Promise.reject(reset()) : new Promise(() => {});
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
