import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { head, type RawConnection, rawConnection } from "../../support/raw-http.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { configFor, eventOf, post, type Scratch, scratch, until } from "../support.ts";

const STRANGER = "127.0.0.2";
const half = Buffer.alloc(200_000, "x");

let directory: Scratch;
let telegram: TelegramServer;
let bridge: Awaited<ReturnType<typeof startBridgeProcess>>;

beforeAll(async () => {
  directory = await scratch();
  telegram = await startTelegram({ limits: false });
  bridge = await startBridgeProcess(configFor(directory.path, telegram.url));
});

afterAll(async () => {
  await stopProcess(bridge.child, "SIGTERM");
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

/** What the bridge holds, in MB. */
async function memory(): Promise<number> {
  const { heapUsed, external } = await bridge.memory();
  return (heapUsed + external) / 2 ** 20;
}

async function attack(count: number, write: (connection: RawConnection, index: number) => void) {
  const connections: RawConnection[] = [];
  // More at a time than the port's backlog would be tried again by the kernel, seconds later.
  while (connections.length < count) {
    const batch = Math.min(256, count - connections.length);
    connections.push(...(await Promise.all(Array.from({ length: batch }, () => rawConnection(bridge.url, STRANGER)))));
  }
  for (const [index, connection] of connections.entries()) write(connection, index);
  return {
    connections,
    open: () => connections.filter(({ socket }) => !socket.destroyed).length,
    [Symbol.dispose]: () => {
      for (const { socket } of connections) socket.destroy();
    },
  };
}

describe("strangers at the bridge's port", () => {
  test("six hundred half-sent bodies cost next to no memory, and who knows the secret is served", async () => {
    await post(bridge.url, eventOf("warm"));
    const before = await memory();
    using _attack = await attack(600, ({ socket }, index) => {
      const path = ["/events", "/status", "/nothing"][index % 3] ?? "";
      socket.write(head("POST", path, { "content-length": "255000", "content-type": "application/json" }));
      socket.write(half);
    });
    expect((await post(bridge.url, eventOf("meanwhile"))).status).toBe(202);
    await until("the event delivered", () => telegram.delivered().some(({ text }) => text?.includes("meanwhile")));
    // The bodies would be 120 MB.
    expect((await memory()) - before).toBeLessThan(20);
  });

  test("whoever fills all connections keeps nobody out that knows the secret", async () => {
    using held = await attack(2_100, () => {});
    await until("the surplus closed", () => held.open() <= 2_048);
    expect(held.open()).toBeGreaterThan(2_000);
    for (const id of ["one", "two", "three"]) expect((await post(bridge.url, eventOf(id))).status).toBe(202);
  });

  test("headers that never end, bodies that drip and silence are cut", async () => {
    using dripping = await attack(3, ({ socket }, index) => {
      if (index === 0) socket.write("GET /health HTTP/1.1\r\nhost: ");
      if (index === 1) socket.write("POST /events HTTP/1.1\r\nhost: bridge\r\nx-a: b\r\n");
      // The third says nothing at all.
    });
    const drip = setInterval(() => {
      for (const { socket } of dripping.connections.slice(0, 2)) socket.write("a");
    }, 500);
    await until("all cut", () => dripping.open() === 0);
    clearInterval(drip);
  });
});
