import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Installation } from "./installation.ts";
import { type Attempt, hold, stranger } from "./requests.ts";
import { failuresOf, memoryOf, type Scenario, survives } from "./scenario.ts";

const DRIPPING = 200;
const DRIP_MS = 500;
/** Nobody needs so long to send a body; what is not closed after this can be held forever. */
const BODY_WITHIN_MS = 60_000;
const FLOODS = 300;
const FLOOD_LINES = 20_000;
/** MiB of resident memory. */
const BOUNDS = { server: 250, bridge: 200 };

/** A body that comes byte by byte; resolves when the connection is closed. */
function drip(installation: Installation, index: number, isOver: () => boolean): Promise<"closed" | "open"> {
  const { hostname, port, host } = new URL(installation.http);
  const socket = connect({ host: hostname, port: Number(port), localAddress: stranger(index) });
  const path = index % 2 === 0 ? "/mcp" : "/tools/send_telegram_message";
  socket.on("error", () => undefined).resume();
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: ${installation.key("attacker")}\r\n` +
      "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: 200000\r\n\r\n",
  );
  const closed = new Promise<"closed">((resolve) => socket.once("close", () => resolve("closed")));
  const dripping = async (): Promise<"open"> => {
    while (!socket.destroyed && !isOver()) {
      socket.write("{");
      await delay(DRIP_MS);
    }
    socket.destroy();
    return "open";
  };
  return Promise.race([closed, dripping()]);
}

const dripping: Scenario = {
  name: `${DRIPPING} bodies that drip, by a client with a key`,
  async run() {
    await using installation = await Installation.start({ clients: ["victim", "attacker"] });
    let over = false;
    const timer = setTimeout(() => {
      over = true;
    }, BODY_WITHIN_MS);
    const ends = Promise.all(Array.from({ length: DRIPPING }, (_, index) => drip(installation, index, () => over)));
    const waits = [await installation.served(), await installation.served()];
    const open = (await ends).filter((end) => end === "open").length;
    clearTimeout(timer);
    waits.push(await installation.served());
    return {
      measured: `${DRIPPING - open} closed; right key served after ${waits.join(", ")} ms; ${memoryOf(installation)}`,
      failures: [
        ...failuresOf([
          [open === 0, `${open} are still open after ${BODY_WITHIN_MS / 1000} s`],
          [!waits.includes(undefined), "a right key is not served"],
        ]),
        ...survives(installation, BOUNDS),
      ],
    };
  },
};

const floods: Scenario = {
  name: `${FLOODS} floods of headers on all ports`,
  async run() {
    await using installation = await Installation.start();
    const filler = Array.from({ length: FLOOD_LINES }, (_, index) => `X-Filler-${index}: ${"y".repeat(20)}\r\n`).join(
      "",
    );
    const attempts = Array.from({ length: FLOODS }, (_, index): Attempt => {
      const url = installation.ports[index % installation.ports.length] ?? "";
      return { url, bytes: `GET /health HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${filler}` };
    });
    const { held, result } = await hold({ attempts, closedWithinMs: 20_000 }, () => installation.served());
    return {
      measured:
        `${held.answered} answered, ${held.closed} closed, ${held.open} open; right key served after ${result ?? "–"} ms; ` +
        memoryOf(installation),
      failures: [
        ...failuresOf([
          [held.open === 0, `${held.open} are still open`],
          [result !== undefined, "a right key is not served"],
        ]),
        ...survives(installation, BOUNDS),
      ],
    };
  },
};

export const slowBodies: readonly Scenario[] = [dripping, floods];
