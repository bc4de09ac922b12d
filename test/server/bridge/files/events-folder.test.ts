import { mkdir, readdir, readFile, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Event } from "../../../../contract/event.ts";
import { EventsFolder } from "../../../../server/bridge/files/events-folder.ts";
import { RefusedError } from "../../../../server/bridge/refused-error.ts";
import { type Scratch, scratch, until } from "../support.ts";

/** As co8/cctelegram's server writes it. */
const upstream = {
  event_id: "build-001",
  type: "task_completion",
  source: "claude-code",
  timestamp: "2026-01-02T03:04:05.678Z",
  task_id: "build-001",
  title: "Build",
  description: "All is well",
  data: { status: "completed", duration_ms: 12.5 },
};

let place: Scratch;
let path: string;
let accepted: Event[];
let refuse: ((event: Event) => Error | undefined) | undefined;
let folder: EventsFolder;

beforeEach(async () => {
  place = await scratch();
  path = join(place.path, "events");
  accepted = [];
  refuse = undefined;
  folder = new EventsFolder({
    path,
    logger: pino({ level: "silent" }),
    now: Date.now,
    accept: async (event) => {
      const error = refuse?.(event);
      if (error !== undefined) throw error;
      if (!accepted.some(({ event_id }) => event_id === event.event_id)) accepted.push(event);
    },
  });
});
afterEach(async () => {
  await folder.stop();
  await place[Symbol.asyncDispose]();
});

const write = (name: string, content: unknown) =>
  writeFile(join(path, name), typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
const left = async () => (await readdir(path)).sort();
const arrived = (count: number) => until(`${count} events`, () => accepted.length >= count);

describe("files of events", () => {
  test("are taken as they are written, and deleted when they are on disk", async () => {
    await folder.start();
    await write("build-001_1.json", upstream);
    await arrived(1);
    expect(accepted[0]).toMatchObject({ ...upstream, event_id: expect.stringMatching(/^file-/), client: "files" });
    await until("an empty folder", async () => (await left()).length === 0);
  });

  test("that lie there at the start are taken in the order in which they were written", async () => {
    await mkdir(path);
    for (const [index, name] of ["c.json", "a.json", "b.json"].entries()) {
      await write(name, { ...upstream, title: name });
      await utimes(join(path, name), index + 1, index + 1);
    }
    await folder.start();
    expect(accepted.map(({ title }) => title)).toEqual(["c.json", "a.json", "b.json"]);
  });

  test("of one task, whose ids are the task's, are events of their own; the same file again is the same event", async () => {
    await folder.start();
    await write("build-001_1.json", upstream);
    await write("build-001_2.json", { ...upstream, title: "Another" });
    await arrived(2);
    expect(new Set(accepted.map(({ event_id }) => event_id)).size).toBe(2);
    await write("build-001_1.json", upstream);
    await delay(50);
    await folder.look();
    expect(accepted).toHaveLength(2);
  });

  test("need no more than a title, and may have what the wire has", async () => {
    await folder.start();
    await write("a.json", { title: "Deployed", priority: "urgent", ttl_seconds: 60 });
    await arrived(1);
    expect(accepted[0]).toMatchObject({
      ...{ type: "custom_event", title: "Deployed", description: "Deployed", source: "file", data: {} },
      ...{ priority: "urgent", ttl_seconds: 60 },
    });
  });

  test("that are written slowly are waited for, and those that come by rename are whole", async () => {
    await folder.start();
    const text = JSON.stringify(upstream);
    await write("slow.json", text.slice(0, 40));
    await folder.look();
    expect(await left()).toEqual(["slow.json"]);
    await write("slow.json", text);
    await arrived(1);
    await write("whole.tmp", { ...upstream, title: "Whole" });
    await rename(join(path, "whole.tmp"), join(path, "whole.json"));
    await arrived(2);
  });

  test.each([
    ["is no JSON and stays so", "{", /not JSON/],
    ["is no event", { title: "" }, /title/],
    ["is no object", [1], /expected object/],
    ["has data of another kind", { ...upstream, data: "x" }, /data/],
    ["is too large", "x".repeat(300_000), /300000 bytes/],
  ])("one that %s is set aside with the reason beside it", async (_, content, reason) => {
    await mkdir(path);
    await write("bad.json", content);
    await utimes(join(path, "bad.json"), 1, 1);
    await write("good.json", upstream);
    await folder.start();
    await arrived(1);
    expect(await left()).toEqual(["rejected"]);
    expect((await readdir(join(path, "rejected"))).sort()).toEqual(["bad.json", "bad.json.reason.txt"]);
    expect(await readFile(join(path, "rejected", "bad.json.reason.txt"), "utf8")).toMatch(reason);
  });

  test("wait when there is no room, in their order, and nothing of them is lost", async () => {
    refuse = () => new RefusedError("queue_full", "full", 30);
    await folder.start();
    await write("a.json", upstream);
    await folder.look();
    expect(await left()).toEqual(["a.json"]);
    refuse = undefined;
    await arrived(1);
  });

  test("are no links, folders or other files, which are left alone", async () => {
    await mkdir(join(path, "folder.json"), { recursive: true });
    await writeFile(join(place.path, "secret"), JSON.stringify(upstream));
    await symlink(join(place.path, "secret"), join(path, "link.json"));
    await write("notes.txt", upstream);
    await write(".hidden.json", upstream);
    await folder.start();
    await folder.look();
    expect(accepted).toEqual([]);
    expect(await left()).toEqual([".hidden.json", "folder.json", "link.json", "notes.txt"]);
  });
});
