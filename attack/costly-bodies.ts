import { Installation } from "./installation.ts";
import { failuresOf, memoryOf, type Scenario, survives } from "./scenario.ts";

const EACH = 40;
const AT_ONCE = 10;
const BOUNDS = { server: 250, bridge: 200 };

const nested = (depth: number): unknown => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);
const named = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 0]));

/** Bodies that cost far more to read, check, write or split than their length says. */
const bodies: Readonly<Record<string, object>> = {
  "nested 5,000 deep": { description: "x", data: { nested: nested(5_000) } },
  "20,000 members": { description: "x", data: named(20_000) },
  "one letter with 1,999 accents": { description: `e${"\u0301".repeat(1_999)}` },
  "a text of line breaks": { description: `x${"\n".repeat(1_998)}x` },
  "a title of joined emoji": { title: "👩‍👩‍👧‍👦".repeat(18), description: "👩‍👩‍👧‍👦".repeat(180) },
};

const costly: Scenario = {
  name: "bodies that cost more than their length, by a client with a key",
  async run() {
    const clients = ["victim", "attacker"];
    await using installation = await Installation.start({ clients, server: { MCP_ENABLE_RATE_LIMIT: "false" } });
    const answers: string[] = [];
    const waits: (number | undefined)[] = [];
    const broken: string[] = [];
    for (const [name, body] of Object.entries(bodies)) {
      const event = { type: "task_completion", title: "costly", ...body };
      const statuses = new Set<number>();
      for (let sent = 0; sent < EACH; sent += AT_ONCE) {
        const batch = Array.from({ length: AT_ONCE }, () =>
          installation.call("attacker", "send_telegram_event", event),
        );
        if (sent === 0) waits.push(await installation.served());
        for (const { status } of await Promise.all(batch)) statuses.add(status);
      }
      const text = `${name}: ${[...statuses].join(", ")}`;
      answers.push(text);
      if ([...statuses].some((status) => status === 0 || status >= 500)) broken.push(text);
    }
    return {
      measured: `${answers.join("; ")}; right key served after ${waits.join(", ")} ms; ${memoryOf(installation)}`,
      failures: [
        ...broken,
        ...failuresOf([[!waits.includes(undefined), "a right key is not served"]]),
        ...survives(installation, BOUNDS),
      ],
    };
  },
};

export const costlyBodies: readonly Scenario[] = [costly];
