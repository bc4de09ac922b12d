import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Listeners } from "../../../server/monitoring/listeners.ts";
import { until } from "../bridge/support.ts";

/** A server whose every answer is a stream of large events. */
async function streaming(most = 10) {
  let told = 0;
  let isValid = true;
  const next = async () => {
    told += 1;
    // Now and then nothing can be told.
    if (told % 3 === 0) throw new Error("not now");
    return JSON.stringify({ n: told, filler: "x".repeat(200_000) });
  };
  const listeners = new Listeners({ next, everyMs: 5, most });
  const buffered: number[] = [];
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const write = response.write.bind(response) as typeof response.write;
    response.write = ((...args: Parameters<typeof write>) => {
      const taken = write(...args);
      buffered.push(response.writableLength);
      return taken;
    }) as typeof write;
    listeners.add({ response, isValid: () => isValid });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    listeners.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const open = async () => {
    const request = get({ port, host: "127.0.0.1", agent: false });
    request.on("error", () => {});
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return response;
  };
  const invalidate = () => {
    isValid = false;
  };
  return { listeners, open, buffered, told: () => told, invalidate };
}

test("one that reads nothing keeps one event waiting, is let go, and delays nobody", async () => {
  const { listeners, open, buffered } = await streaming();
  const slow = await open();
  slow.pause();
  slow.on("error", () => {});
  const quick = await open();
  let heard = 0;
  quick.on("data", () => {
    heard += 1;
  });
  await until("the slow one is let go", () => listeners.size === 1);
  const before = heard;
  await until("the other one goes on", () => heard > before + 20);
  // Of an event of 200 kB never two wait.
  expect(Math.max(...buffered)).toBeLessThan(2 * 200_000);
});

test("what all are told is made once, and nothing is made while nobody listens", async () => {
  const { listeners, open, told } = await streaming();
  const all = await Promise.all([open(), open(), open()]);
  let heard = 0;
  for (const each of all) each.on("data", () => (heard += 1));
  await until("events", () => heard > 30);
  for (const each of all) each.destroy();
  await until("nobody listens", () => listeners.size === 0);
  const before = told();
  const again = await open();
  again.resume();
  await until("the next", () => told() > before);
});

test("ends for whoever may not listen any longer", async () => {
  const { open, invalidate, listeners } = await streaming();
  const one = await open();
  const ended = once(one.resume(), "end");
  invalidate();
  await ended;
  expect(listeners.size).toBe(0);
});
