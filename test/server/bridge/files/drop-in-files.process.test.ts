import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { BridgeConfig } from "../../../../server/bridge/config.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { bridgeFor, configFor, scratch, signedFetch, until } from "../support.ts";

const KILLS = 6;
const EVENTS = 120;

/** As a program that knows that a half-written file may be read. */
async function drop(folder: string, title: string): Promise<void> {
  const beside = join(folder, `${title}.tmp`);
  await writeFile(beside, JSON.stringify({ title, task_id: "one task" }));
  await rename(beside, join(folder, `${title}.json`));
}

const control = (url: string, what: "pause" | "resume") =>
  signedFetch(`${url}/control/${what}`, "POST", JSON.stringify({ client: "ops" }));

const fast = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };

test("a bridge that is killed in the middle of taking files loses none, and sends none twice", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const eventsDir = join(directory.path, "events");
  const config: BridgeConfig = configFor(join(directory.path, "data"), telegram.url, { eventsDir, telegram: fast });
  let bridge = await startBridgeProcess(config);
  // So that no request is under way at a kill: whatever is sent twice is an event that was taken twice.
  expect((await control(bridge.url, "pause")).status).toBe(200);
  const titles = Array.from({ length: EVENTS }, (_, n) => `event-${n}`);
  for (let round = 0; round < KILLS; round += 1) {
    const some = titles.slice((round * EVENTS) / KILLS, ((round + 1) * EVENTS) / KILLS);
    const dropped = Promise.all(some.map((title) => drop(eventsDir, title)));
    await sleep(Math.random() * 60);
    await stopProcess(bridge.child, "SIGKILL");
    await dropped;
    bridge = await startBridgeProcess(config);
  }
  await until("an empty folder", async () => (await readdir(eventsDir)).length === 0);
  expect((await control(bridge.url, "resume")).status).toBe(200);
  await until("all of them", () => telegram.delivered().length >= EVENTS);
  await stopProcess(bridge.child, "SIGTERM");
  const came = telegram.delivered().map(({ text }) => text?.split("\n")[0]?.replace(/^\S+ /, ""));
  await telegram.close();
  expect(came.toSorted()).toEqual(titles.toSorted());
});

const reason = process.getuid?.() === 0 ? "" : " (not run: mounting a small file system needs root)";

test.skipIf(reason !== "")(`on a full disk files wait, and then come in their order${reason}`, async () => {
  await using directory = await scratch();
  const [dataDir, eventsDir] = [join(directory.path, "data"), join(directory.path, "events")];
  mkdirSync(dataDir);
  mkdirSync(eventsDir);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", dataDir]);
  using _volume = { [Symbol.dispose]: () => execFileSync("umount", [dataDir]) };
  const telegram = await startTelegram({ limits: false });
  const bridge = await bridgeFor(configFor(dataDir, telegram.url, { eventsDir, telegram: fast }));
  const filler = join(dataDir, "filler");
  fill(filler);
  await until("the full disk", async () => {
    await drop(eventsDir, "a");
    return bridge.log.some((line) => line.includes("has to wait"));
  });
  await drop(eventsDir, "b");
  expect(await readdir(eventsDir)).toEqual(["a.json", "b.json"]);
  rmSync(filler);
  await until("an empty folder", async () => (await readdir(eventsDir)).length === 0);
  await until("both", () => telegram.delivered().length >= 2);
  await bridge.close();
  const titles = telegram.delivered().map(({ text }) => text?.split("\n")[0]?.replace(/^\S+ /, ""));
  expect(titles).toEqual(["a", "b"]);
  await telegram.close();
});

/** Fills a file system to its last byte. */
function fill(path: string): void {
  for (let size = 1 << 20; size >= 1; size >>= 1) {
    for (let isFull = false; !isFull; ) {
      try {
        writeFileSync(path, Buffer.alloc(size), { flag: "a" });
      } catch {
        isFull = true;
      }
    }
  }
}
