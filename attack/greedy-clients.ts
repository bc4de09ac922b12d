import { setTimeout as delay } from "node:timers/promises";
import { firstUser, Installation } from "./installation.ts";
import type { Answer } from "./requests.ts";
import { failuresOf, memoryOf, type Scenario, survives } from "./scenario.ts";

const MIB = 2 ** 20;
const EVENTS = 400;
const LARGE_EVENTS = 120;
const CLIENTS = 12;
const USERS = 10;
/** Messages of other clients that may come before one's own in a chat. */
const AHEAD = 3;
const DISK_LIMIT = 20 * MIB;
const BOUNDS = { server: 300, bridge: 200 };
/** As many server pods would let through: each limits the requests of a key by itself. */
const manyPods = { MCP_ENABLE_RATE_LIMIT: "false" };
/** Sizes of the part that is free in form, largest first: a client takes the largest that is accepted. */
const SIZES = [250_000, 60_000, 15_000, 3_000, 0];

const event = (bytes: number) => ({
  type: "task_completion",
  title: "greedy",
  description: "x".repeat(2_000),
  ...(bytes > 0 ? { data: { results: "y".repeat(bytes) } } : {}),
});

/** Sends events as large as they are taken. */
class Greedy {
  readonly #installation: Installation;
  #size = 0;

  constructor(installation: Installation) {
    this.#installation = installation;
  }

  async send(client: string): Promise<Answer> {
    for (;;) {
      const answer = await this.#installation.call(client, "send_telegram_event", event(SIZES[this.#size] ?? 0));
      const tooLarge = [400, 413, 502].includes(answer.status);
      if (!tooLarge || this.#size === SIZES.length - 1) return answer;
      this.#size += 1;
    }
  }

  get bytes(): number {
    return SIZES[this.#size] ?? 0;
  }
}

const oneFillsItsShare: Scenario = {
  name: "one client sends until it is refused, then another one sends",
  async run() {
    await using installation = await Installation.start({
      clients: ["victim", "greedy"],
      users: USERS,
      server: manyPods,
    });
    const greedy = new Greedy(installation);
    let accepted = 0;
    let refusal: Answer | undefined;
    while (accepted < EVENTS && refusal === undefined) {
      const answer = await greedy.send("greedy");
      if (answer.status === 200) accepted += 1;
      else refusal = answer;
    }
    const disk = await installation.bytesOnDisk();
    const marker = `victim ${crypto.randomUUID()}`;
    const { status } = await installation.call("victim", "send_telegram_message", { message: marker });
    const ahead = status === 200 ? await messagesAhead(installation, marker) : undefined;
    return {
      measured:
        `${accepted} events of ${greedy.bytes} bytes accepted, then ${refusal?.status ?? "no refusal"}; ` +
        `${(disk / MIB).toFixed(1)} MiB on disk; the other one: ${status}, ` +
        `${ahead ?? "too many"} messages ahead; ${memoryOf(installation)}`,
      failures: [
        ...failuresOf([
          [refusal?.status === 429, `a greedy client is answered ${refusal?.status ?? "200 without end"}, not 429`],
          [status === 200, `the other client is answered ${status}`],
          [ahead !== undefined, `more than ${AHEAD} messages of the greedy client come before the other one's`],
          [disk <= DISK_LIMIT, `${Math.round(disk / MIB)} MiB on disk, more than ${DISK_LIMIT / MIB}`],
        ]),
        ...survives(installation, BOUNDS),
      ],
    };
  },
};

/** How many messages come to the first chat before that with the text; undefined when more than a few do. */
async function messagesAhead({ telegram }: Installation, text: string): Promise<number | undefined> {
  const inChat = () => telegram.delivered().filter(({ chat_id }) => chat_id === firstUser);
  const before = inChat().length;
  for (;;) {
    const later = inChat().slice(before);
    const found = later.findIndex((message) => message.text?.includes(text));
    if (found >= 0 && found <= AHEAD) return found;
    if (later.length > AHEAD) return undefined;
    await delay(50);
  }
}

const largeEvents: Scenario = {
  name: `${LARGE_EVENTS} of the largest events, by ${CLIENTS} clients`,
  async run() {
    const clients = Array.from({ length: CLIENTS }, (_, index) => `client-${index}`);
    await using installation = await Installation.start({ clients: ["victim", ...clients], server: manyPods });
    const greedy = new Greedy(installation);
    const statuses: number[] = [];
    for (let sent = 0; sent < LARGE_EVENTS; sent += 1) {
      statuses.push((await greedy.send(clients[sent % CLIENTS] ?? "")).status);
    }
    const accepted = statuses.filter((status) => status === 200).length;
    const served = await installation.served();
    return {
      measured: `${accepted} events of ${greedy.bytes} bytes accepted; ${memoryOf(installation)}`,
      failures: [
        ...failuresOf([
          [accepted === LARGE_EVENTS, `only ${accepted} of ${LARGE_EVENTS} were accepted`],
          [served !== undefined, "a right key is not served"],
        ]),
        ...survives(installation, BOUNDS),
      ],
    };
  },
};

export const greedyClients: readonly Scenario[] = [oneFillsItsShare, largeEvents];
