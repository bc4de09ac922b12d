import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Installation } from "./installation.ts";
import { send } from "./requests.ts";
import { failuresOf, memoryOf, type Scenario, survives } from "./scenario.ts";

const CONNECTIONS = 20;
/** Requests that a connection sends before it reads an answer. */
const PIPELINED = 10;
/** Many more than are remembered. */
const ADDRESSES = 200_000;
/** One guess in ten comes from so few that they are banned. */
const STUBBORN = 300;
/** How often the memory is looked at. */
const LOOKS = 10;
/** MiB that the server may take more at the end than it had half-way, when all that it remembers was there. */
const GROWTH = 15;
const BOUNDS = { server: 260, bridge: 200 };
const PAUSE_MS = 25;
/** A server that is held up by its machine sheds load, with 503, or answers late, for some seconds. */
const TRIES = 10;
const RETRY_MS = 1_000;
const SHED_SHARE = 0.05;
/** A person waits so long for one in a hundred, at most, while strangers take all that the processor has. */
const P99_MS = 2_000;

/** A proxy on this machine is believed about addresses; the right key's own limit is not what is looked at. */
const server = { MCP_TRUSTED_PROXIES: "127.0.0.1", MCP_RATE_LIMIT_REQUESTS: "1000000" };

const address = (index: number) => (index % 10 === 0 ? known((index / 10) % STUBBORN) : known(index % ADDRESSES));

/** IPv6 networks and IPv4 addresses, one for one. */
const known = (index: number) =>
  index % 2 === 0
    ? `2001:db8:${(index >> 16).toString(16)}:${(index & 0xffff).toString(16)}::1`
    : `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;

/** Sends guesses over connections that are kept, and counts how they are answered. */
class Guesser {
  readonly statuses = new Map<string, number>();
  #sent = 0;
  readonly #url: URL;
  readonly #count: number;

  constructor(url: string, count: number) {
    this.#url = new URL(url);
    this.#count = count;
  }

  /** Guesses that were sent. */
  get sent(): number {
    return this.#sent;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => this.#keepGuessing()));
  }

  async #keepGuessing(): Promise<void> {
    let socket: Socket | undefined;
    while (this.#sent < this.#count) {
      const batch = Math.min(PIPELINED, this.#count - this.#sent);
      const first = this.#sent;
      this.#sent += batch;
      socket = socket?.destroyed === false ? socket : await this.#connection();
      await this.#guess(socket, first, batch);
    }
    socket?.destroy();
  }

  async #connection(): Promise<Socket> {
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port) });
    socket.setEncoding("latin1").on("error", () => undefined);
    await Promise.race([once(socket, "connect"), once(socket, "close")]);
    return socket;
  }

  /** Resolves when all of the batch are answered, or the connection is closed. */
  async #guess(socket: Socket, first: number, batch: number): Promise<void> {
    const requests = Array.from({ length: batch }, (_, index) => this.#request(first + index));
    let rest = "";
    let answered = 0;
    const done = Promise.withResolvers<void>();
    const read = (chunk: string) => {
      const lines = (rest + chunk).split("HTTP/1.1 ");
      // A status may be cut in two.
      rest = lines.length > 1 ? `HTTP/1.1 ${lines.at(-1)}` : (lines[0] ?? "");
      for (const line of lines.slice(1, -1)) this.#note(line.slice(0, 3));
      answered += Math.max(0, lines.length - 2);
      if (answered + 1 >= batch && rest.endsWith("}")) done.resolve();
    };
    socket.on("data", read).once("close", done.resolve);
    socket.write(requests.join(""));
    await done.promise;
    if (rest.startsWith("HTTP/1.1 ")) this.#note(rest.slice(9, 12));
    socket.off("data", read).off("close", done.resolve);
  }

  #note(status: string): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  #request(index: number): string {
    const { host } = this.#url;
    const key = index.toString(36).padStart(40, "k");
    return `GET /tools HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: ${key}\r\nX-Forwarded-For: ${address(index)}\r\n\r\n`;
  }
}

/** Calls with a right key, one after the other, until it is over; a client comes again when the machine is too busy. */
async function callOn(installation: Installation, isOver: () => boolean): Promise<(number | undefined)[]> {
  const waits: (number | undefined)[] = [];
  while (!isOver()) {
    waits.push(await waitOf(installation));
    await delay(PAUSE_MS);
  }
  return waits;
}

async function waitOf(installation: Installation): Promise<number | undefined> {
  const headers = { "x-api-key": installation.key("victim") };
  const started = performance.now();
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { status } = await send(`${installation.http}/tools`, { headers, from: "127.0.0.2" });
    if (status === 200) return performance.now() - started;
    if (status !== 503 && status !== 0) return undefined;
    await delay(RETRY_MS);
  }
  return undefined;
}

/** Memory after each tenth of the guesses, in MiB. */
async function look(installation: Installation, guesser: Guesser, count: number, isOver: () => boolean) {
  const seen = [installation.server.memory().now];
  while (!isOver()) {
    if (guesser.sent >= (count * seen.length) / LOOKS) seen.push(installation.server.memory().now);
    await delay(PAUSE_MS);
  }
  return seen;
}

/** Every guess is refused, those of the stubborn as banned, and few because the machine is too busy. */
function isRefused(statuses: ReadonlyMap<string, number>, count: number): boolean {
  const { 401: wrong = 0, 429: banned = 0, 503: shed = 0, ...others } = Object.fromEntries(statuses);
  const isWhole = wrong + banned + shed === count && Object.keys(others).length === 0;
  return isWhole && banned > 0 && shed <= count * SHED_SHARE;
}

const percentile = (values: readonly number[], share: number) =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0);

/** Guesses keys, so many, from addresses by the ten thousand. */
export function wrongKeys(count: number): Scenario {
  return {
    name: `${count} wrong keys from ${Math.min(count, ADDRESSES)} addresses`,
    async run() {
      await using installation = await Installation.start({ server });
      const guesser = new Guesser(installation.http, count);
      let over = false;
      const guessing = guesser.run().finally(() => {
        over = true;
      });
      const isOver = () => over;
      const [seen, waits] = await Promise.all([
        look(installation, guesser, count, isOver),
        callOn(installation, isOver),
        guessing,
      ]);
      const served = waits.filter((wait) => wait !== undefined);
      const p99 = percentile(served, 0.99);
      const growth = (seen.at(-1) ?? 0) - (seen[LOOKS / 2] ?? 0);
      const statuses = [...guesser.statuses].map(([status, times]) => `${times} × ${status}`).join(", ");
      const delivered = await installation.served();
      return {
        measured:
          `${statuses}; server ${seen.join(", ")} MiB; right key served ${served.length} of ${waits.length} times, ` +
          `median ${percentile(served, 0.5)} ms, p99 ${p99} ms; ${memoryOf(installation)}`,
        failures: [
          ...failuresOf([
            [isRefused(guesser.statuses, count), `answered ${statuses}`],
            [served.length === waits.length && delivered !== undefined, "a right key is not served"],
            [p99 <= P99_MS, `one in a hundred calls with a right key takes ${p99} ms or more`],
            [growth <= GROWTH, `in the second half the server grows by ${growth} MiB`],
          ]),
          ...survives(installation, BOUNDS),
        ],
      };
    },
  };
}
