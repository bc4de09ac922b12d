import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, tooManyRequests } from "./api-error.ts";
import { Bot } from "./bot.ts";
import { applyControl, type Control } from "./control.ts";
import type { Fault } from "./faults.ts";
import { type FloodLimits, STRICT_LIMITS } from "./flood-control.ts";
import type { Received } from "./received.ts";
import { type Parameters, parseObject, readBody, readParameters } from "./request-parameters.ts";
import { isUpload, receivedFile } from "./uploads.ts";
import { type World, Worlds } from "./worlds.ts";

export type TelegramOptions = {
  readonly port?: number;
  readonly host?: string;
  /** Tokens that exist; none = every well-formed token. */
  readonly tokens?: readonly string[];
  /** Chats that exist; undefined = all. */
  readonly chats?: readonly number[];
  readonly limits?: FloodLimits | false;
  readonly clock?: () => number;
  readonly steady?: () => number;
  /** Told of each request to send a message, once it is known how that ended. */
  readonly onMessage?: (message: Received) => void;
};

/**
 * A Bot API server that is stricter than Telegram: every limit is exact, without a burst, and what a client does wrong is
 * recorded as a violation. Beside `/bot<token>/<method>` it has `GET /log`, `GET /requests` (of every method), `GET /violations`, `POST /control` (see
 * `Control`) and `GET /health`.
 */
export type TelegramServer = {
  readonly url: string;
  /** Requests to send a message, in order of arrival. */
  received(): readonly Received[];
  /** Those of them whose message was taken. */
  delivered(): readonly Received[];
  /** Requests that broke a rule, of every method. */
  violations(): readonly Received[];
  /** Requests of one method, in order of arrival. */
  calls(method: string): readonly Received[];
  /** How often each update of a bot was handed out, by its id. */
  handedOut(token: string): ReadonlyMap<number, number>;
  /** What a bot's message says now; undefined when it is there no more. */
  textOf(token: string, messageId: number): string | undefined;
  /** Ids of the bots that have asked for anything. */
  bots(): readonly number[];
  control(control: Control): void;
  close(): Promise<void>;
};

/** Methods that bring a new message to a chat. */
const sending: ReadonlySet<string> = new Set(["sendMessage", "sendPhoto", "sendDocument"]);

const TOKEN = /^\d{5,}:[A-Za-z0-9_-]{20,}$/;

/** Starts the server on a free port of 127.0.0.1 unless told otherwise. */
export async function startTelegram(options: TelegramOptions = {}): Promise<TelegramServer> {
  const telegram = new Telegram(options);
  const url = await telegram.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  return {
    url,
    received: () => telegram.sent,
    delivered: () => telegram.sent.filter(({ message_id }) => message_id !== undefined),
    violations: () => telegram.violations,
    calls: (name) => telegram.log.filter(({ method }) => method === name),
    handedOut: (token) => telegram.handedOut(token),
    textOf: (token, messageId) => telegram.textOf(token, messageId),
    bots: () => telegram.bots,
    control: (control) => telegram.control(control),
    close: () => telegram.close(),
  };
}

type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly bot: Bot;
  readonly world: World;
  readonly method: string;
  readonly parameters: Parameters;
};

const botIdIn = (token: string) => Number(token.split(":", 1)[0]);

class Telegram {
  readonly log: Received[] = [];
  #tokens: ReadonlySet<string> | undefined;
  readonly #worlds: Worlds;
  /** By their id: one that gets another token is the same bot. */
  readonly #bots = new Map<number, Bot>();
  readonly #steady: () => number;
  readonly #clock: () => number;
  readonly #server: Server;
  readonly #onMessage: (message: Received) => void;

  constructor({
    tokens,
    chats,
    limits = STRICT_LIMITS,
    clock = Date.now,
    steady = () => performance.now(),
    onMessage = () => undefined,
  }: TelegramOptions) {
    this.#onMessage = onMessage;
    this.#tokens = tokens === undefined || tokens.length === 0 ? undefined : new Set(tokens);
    this.#steady = steady;
    this.#clock = clock;
    this.#worlds = new Worlds({ limits, chats: chats === undefined ? undefined : new Set(chats), steady, clock });
    this.#server = createServer((request, response) => {
      this.#route(request, response).catch((error: unknown) => this.#refuse(response, error));
    });
  }

  get sent(): readonly Received[] {
    return this.log.filter(({ method }) => sending.has(method));
  }

  get bots(): readonly number[] {
    return [...this.#bots.values()].map(({ id }) => id);
  }

  get violations(): readonly Received[] {
    return this.log.filter(({ violation }) => violation === true);
  }

  async listen(port: number, host: string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    const { address, port: taken, family } = this.#server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${taken}`;
  }

  handedOut(token: string): ReadonlyMap<number, number> {
    return this.#bots.get(botIdIn(token))?.updates.handedOut ?? new Map();
  }

  textOf(token: string, messageId: number): string | undefined {
    return this.#bots.get(botIdIn(token))?.textOf(messageId);
  }

  control(control: Control): void {
    if (control.tokens !== undefined) this.#tokens = new Set(control.tokens);
    const { bot } = control;
    const bots = [...this.#bots.values()].filter(({ id }) => bot === undefined || id === bot);
    applyControl(control, this.#worlds.concernedBy(bot), bots);
  }

  async close(): Promise<void> {
    for (const bot of this.#bots.values()) bot.stop();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://telegram");
    const file = /^\/file\/bot([^/]+)\/(.+)$/.exec(url.pathname);
    if (file !== null) return this.#file(response, file);
    const path = /^\/bot([^/]+)\/([A-Za-z]+)$/.exec(url.pathname);
    if (path === null) return this.#own(request, response, url.pathname);
    const [, encoded = "", method = ""] = path;
    const token = decodeURIComponent(encoded);
    const world = this.#worlds.of(botIdIn(token));
    if (world.faults.outage) return void request.socket.destroy();
    if (request.method !== "GET" && request.method !== "POST") throw new ApiError(405, "Method Not Allowed");
    const bot = this.#bot(token);
    const parameters = await readParameters(request, url);
    if (!bot.methods.has(method.toLowerCase())) throw new ApiError(404, "Not Found: method not found");
    await this.#exchange({ request, response, bot, world, method, parameters });
  }

  /** Telegram's answers to requests for files are JSON only when there is none. */
  #file(response: ServerResponse, [, encoded = "", path = ""]: readonly string[]): void {
    const token = decodeURIComponent(encoded);
    if (this.#worlds.of(botIdIn(token)).faults.outage) return void response.socket?.destroy();
    const content = this.#bot(token).files.content(decodeURIComponent(path));
    if (content === undefined) throw new ApiError(404, "Not Found");
    response.writeHead(200, { "content-type": "application/octet-stream" }).end(content);
  }

  #bot(token: string): Bot {
    const known = TOKEN.test(token) && (this.#tokens?.has(token) ?? true);
    const id = botIdIn(token);
    const world = this.#worlds.of(id);
    if (!known || world.faults.unauthorised) throw new ApiError(401, "Unauthorized");
    const bot = this.#bots.get(id) ?? new Bot(id, world);
    this.#bots.set(id, bot);
    return bot;
  }

  async #exchange(exchange: Exchange): Promise<void> {
    const { method, response, world } = exchange;
    const fault = world.faults.take(method);
    try {
      if (await this.#disturb(exchange, fault)) return;
      const result = await this.#call(exchange, fault);
      if (result !== cut) send(response, 200, { ok: true, result });
    } catch (error) {
      if (error instanceof ApiError)
        this.#record(exchange, error.code, { error: error.message, violation: error.violation });
      throw error;
    }
  }

  /** Does what the fault says before the request is looked at; true when nothing is left to do. */
  async #disturb(exchange: Exchange, fault: Fault | undefined): Promise<boolean> {
    if (fault?.kind === "delay") await sleep(fault.ms);
    if (fault?.kind === "rate_limit") throw this.#limit(exchange, fault.seconds, fault.scope ?? "chat");
    if (fault?.kind === "status" && fault.body !== undefined) {
      this.#record(exchange, fault.status, {});
      exchange.response.writeHead(fault.status, { "content-type": "text/html" }).end(fault.body);
      return true;
    }
    if (fault?.kind === "status")
      throw new ApiError(fault.status, fault.description ?? `Injected error ${fault.status}`);
    if ((fault?.kind !== "hang" && fault?.kind !== "reset") || fault.when === "after") return false;
    this.#record(exchange, 0, {});
    if (fault.kind === "reset") exchange.request.socket.destroy();
    return true;
  }

  #limit({ parameters, world }: Exchange, seconds: number, scope: "chat" | "bot"): ApiError {
    const bucket = scope === "bot" ? "bot" : `chat ${parameters.chat_id}`;
    world.flood.pause(bucket, seconds, world.steady());
    return tooManyRequests(seconds, false);
  }

  async #call(exchange: Exchange, fault: Fault | undefined): Promise<unknown> {
    const { bot, method, parameters, request, response } = exchange;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const result = await bot.methods.get(method.toLowerCase())?.(parameters, gone.signal);
    const silent = fault?.kind === "reset" || fault?.kind === "hang";
    const message = sending.has(method) ? { message_id: (result as { message_id: number }).message_id } : {};
    this.#record(exchange, silent ? 0 : 200, message);
    if (fault?.kind === "reset") request.socket.destroy();
    return silent ? cut : result;
  }

  #record({ bot, method, parameters }: Exchange, status: number, more: Partial<Received>): void {
    const { chat_id, message_thread_id, text, entities, reply_markup } = parameters;
    const { link_preview_options, disable_notification, reply_parameters, caption, caption_entities } = parameters;
    const file = [parameters.photo, parameters.document].find(isUpload);
    const received: Received = {
      time: this.#clock(),
      steady: this.#steady(),
      method,
      bot: bot.id,
      ...(Number.isNaN(Number(chat_id)) ? {} : { chat_id: Number(chat_id) }),
      ...(message_thread_id === undefined ? {} : { message_thread_id: Number(message_thread_id) }),
      ...(text === undefined ? {} : { text: String(text) }),
      ...(entities === undefined ? {} : { entities }),
      ...(caption === undefined ? {} : { caption: String(caption) }),
      ...(caption_entities === undefined ? {} : { caption_entities }),
      ...(file === undefined ? {} : { file: receivedFile(file) }),
      ...(link_preview_options === undefined ? {} : { link_preview_options }),
      ...(disable_notification === undefined ? {} : { disable_notification }),
      ...(reply_markup === undefined ? {} : { reply_markup }),
      ...(reply_parameters === undefined ? {} : { reply_parameters }),
      ...(sending.has(method) ? {} : { parameters }),
      status,
      ...more,
    };
    this.log.push(received);
    if (sending.has(method)) this.#onMessage(received);
  }

  async #own(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const route = `${request.method} ${path}`;
    if (route === "GET /health") return send(response, 200, { status: "ok" });
    if (route === "GET /log") return send(response, 200, this.sent);
    if (route === "GET /requests") return send(response, 200, this.log);
    if (route === "GET /violations") return send(response, 200, this.violations);
    if (route !== "POST /control") throw new ApiError(404, "Not Found");
    this.control(parseObject((await readBody(request)).toString("utf8")) as Control);
    send(response, 200, { ok: true });
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent || response.destroyed) return;
    const known = error instanceof ApiError ? error : new ApiError(500, `Internal Server Error: ${String(error)}`);
    const parameters = known.parameters === undefined ? {} : { parameters: known.parameters };
    send(response, known.code, { ok: false, error_code: known.code, description: known.message, ...parameters });
  }
}

/** Result of a call whose answer the client never gets. */
const cut = Symbol("cut");

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
