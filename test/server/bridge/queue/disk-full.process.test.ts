import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startTelegram } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, eventOf, post, scratch, until } from "../support.ts";

const reason = process.getuid?.() === 0 ? "" : " (not run: mounting a small file system needs root)";

/** Fills a file system to its last byte. */
function fillUp(path: string): void {
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

function mounted(path: string) {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", path]);
  return { [Symbol.dispose]: () => execFileSync("umount", [path]) };
}

test.skipIf(reason !== "")(`on a full disk events are refused, and nothing acknowledged is lost${reason}`, async () => {
  await using directory = await scratch();
  using _volume = mounted(directory.path);
  const filler = join(directory.path, "filler");
  const telegram = await startTelegram();
  const bridge = await bridgeFor(configFor(directory.path, telegram.url, { telegram: { allowedUsers: [1, 2, 3] } }));
  await until("readiness", () => bridge.obstacles().length === 0);
  const acknowledged: string[] = [];
  const send = async (id: string) => {
    const { status, headers } = await post(bridge.url, eventOf(id, { description: "x".repeat(3_000) }));
    if (status === 202) acknowledged.push(id);
    return { status, retryAfter: headers.get("retry-after") };
  };

  expect((await send("before")).status).toBe(202);
  fillUp(filler);
  const refused = await Promise.all(["full-1", "full-2", "full-3"].map(send));
  expect(refused.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect(Number(refused[0]?.retryAfter)).toBeGreaterThan(0);
  expect(bridge.obstacles().join()).toContain("queue not usable");
  expect(bridge.status()).toMatchObject({ health: "unhealthy", queue: { usable: false } });
  expect((await fetch(`${bridge.url}/health/live`)).status).toBe(200);

  rmSync(filler);
  await until("recovery", () => bridge.obstacles().length === 0);
  expect((await send("after")).status).toBe(202);
  await until("delivery", () => bridge.status().queue.pending === 0);
  await bridge.close();
  const titles = telegram.delivered().map(({ text }) => text?.split("\n")[0]?.slice(9));
  for (const id of acknowledged) expect(titles.filter((title) => title === id)).toHaveLength(3);
  expect(new Set(titles)).toEqual(new Set(acknowledged));
  expect(telegram.violations()).toEqual([]);
  await telegram.close();
});

test.skipIf(reason !== "")(
  `a disk that fills up without warning fails the write, not the bridge${reason}`,
  async () => {
    await using directory = await scratch();
    using _volume = mounted(directory.path);
    const telegram = await startTelegram();
    telegram.control({ outage: true });
    const bridge = await bridgeFor(configFor(directory.path, telegram.url));
    const filler = join(directory.path, "filler");
    // Space is taken between the check and the write, as by a neighbour on the same volume.
    const accepts = Array.from({ length: 40 }, (_, index) =>
      bridge.accept(eventOf(`e${index}`, { description: "x".repeat(16_000) })).then(
        () => "accepted",
        (error: { reason: string }) => error.reason,
      ),
    );
    fillUp(filler);
    const outcomes = await Promise.all(accepts);
    expect(new Set(outcomes)).toEqual(new Set(["queue_unusable"]));
    expect(bridge.status().queue).toMatchObject({ usable: false, pending: 0 });
    rmSync(filler);
    await until("recovery", () => bridge.status().queue.usable);
    await expect(bridge.accept(eventOf("e0"))).resolves.toMatchObject({ duplicate: false });
    expect(bridge.status().queue.pending).toBe(1);
    await bridge.close();
    await telegram.close();
  },
);
