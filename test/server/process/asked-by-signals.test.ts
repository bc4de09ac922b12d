import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reload, snapshotHeap } from "../../../server/process/asked-by-signals.ts";
import { createLogger } from "../../../server/telemetry/logger.ts";

function logged(level: "info" | "error" = "info") {
  const lines: string[] = [];
  const service = { name: "test", version: "0", instance: "mcp-01" };
  const logger = createLogger({ level, service, destination: { write: (line) => lines.push(line) } });
  return { logger, service, messages: () => lines.map((line) => JSON.parse(line).msg), text: () => lines.join("") };
}

test("a reload takes the level of the file and reads the keys again", async () => {
  const { logger, messages } = logged();
  let reloads = 0;
  const running = {
    reload: async () => {
      reloads += 1;
    },
  };
  await reload({ levelFile: "/level", running, logger, readFile: () => "debug\n" });
  expect(logger.level).toBe("debug");
  expect(reloads).toBe(1);
  expect(messages()).toEqual(["reading log level, keys and certificate again", "log level changed"]);
});

test("a half-written or absent level stays without effect, and the keys are read all the same", async () => {
  for (const readFile of [
    () => "deb",
    () => "",
    () => {
      throw new Error("gone");
    },
  ]) {
    const { logger, text } = logged();
    let reloads = 0;
    const running = {
      reload: async () => {
        reloads += 1;
      },
    };
    await reload({ levelFile: "/level", running, logger, readFile });
    expect(logger.level).toBe("info");
    expect(reloads).toBe(1);
    expect(text()).toContain("LOG_LEVEL_FILE names no file with one of trace, debug, info");
  }
});

test("a reload that fails is logged, and does not end the process", async () => {
  const { logger, messages } = logged();
  const running = { reload: () => Promise.reject(new Error("broken")) };
  await reload({ running, logger, readFile: () => "" });
  expect(messages()).toContain("what SIGHUP asked for failed");
});

test("without a folder, and during a shutdown, no snapshot is written and the log says why", async () => {
  const directory = await mkdtemp(join(tmpdir(), "heap-"));
  const { logger, service, messages } = logged();
  const ending = new AbortController();
  await snapshotHeap({ service, logger, clock: Date.now, signal: ending.signal });
  ending.abort();
  await snapshotHeap({ service, logger, clock: Date.now, signal: ending.signal, heapSnapshotDir: directory });
  expect(messages()).toEqual([
    "no heap snapshot is written: set HEAP_SNAPSHOT_DIR to a folder for it, and start again",
    "no heap snapshot is written: the process is shutting down",
  ]);
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
});

test("what is refused is told with its reason", async () => {
  const { logger, service, text } = logged();
  const { signal } = new AbortController();
  await snapshotHeap({ service, logger, clock: Date.now, signal, heapSnapshotDir: "/nonexistent" });
  expect(text()).toContain("/nonexistent cannot be written (ENOENT)");
});
