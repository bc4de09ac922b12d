import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
let time: number;
let log: string[];
let folder: EventsFolder;

const watched = () =>
  new EventsFolder({
    path,
    logger: pino({ level: "info" }, { write: (line) => void log.push(line) }),
    now: () => time,
    accept: async (event) => {
      const error = refuse?.(event);
      if (error !== undefined) throw error;
      if (!accepted.some(({ event_id }) => event_id === event.event_id)) accepted.push(event);
    },
  });

beforeEach(async () => {
  place = await scratch();
  path = join(place.path, "events");
  accepted = [];
  refuse = undefined;
  time = 0;
  log = [];
  folder = watched();
});
afterEach(async () => {
  await folder.stop();
  await place[Symbol.asyncDispose]();
});

const write = (name: string, content: unknown) =>
  writeFile(join(path, name), typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
const left = async () => (await readdir(path)).sort();
const emptied = () => until("an empty folder", async () => (await left()).length === 0);
/** A look that began now: one that is under way may have seen less. */
async function looked(): Promise<void> {
  await folder.look();
  await folder.look();
}
const lines = (words: RegExp) => log.filter((line) => words.test(line));
const arrived = (count: number) => until(`${count} events`, () => accepted.length >= count);

describe("files of events", () => {
  test("are taken as they are written, and deleted when they are on disk", async () => {
    await folder.start();
    await write("build-001_1.json", upstream);
    await arrived(1);
    expect(accepted[0]).toMatchObject({ ...upstream, event_id: expect.stringMatching(/^file-/), client: "files" });
    await emptied();
  });

  test("that lie there at the start are taken in the order in which they were written", async () => {
    await mkdir(path);
    for (const [index, name] of ["c.json", "a.json", "b.json"].entries()) {
      await write(name, { ...upstream, title: name });
      await utimes(join(path, name), index + 1, index + 1);
    }
    await folder.start();
    await arrived(3);
    expect(accepted.map(({ title }) => title)).toEqual(["c.json", "a.json", "b.json"]);
  });

  test("of one task, whose ids are the task's, are events of their own; the same file again is the same event", async () => {
    await folder.start();
    await write("build-001_1.json", upstream);
    await write("build-001_2.json", { ...upstream, title: "Another" });
    await arrived(2);
    expect(new Set(accepted.map(({ event_id }) => event_id)).size).toBe(2);
    await write("build-001_1.json", upstream);
    await emptied();
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

  test("may bring photos and documents", async () => {
    await folder.start();
    const attachments = [{ kind: "document", name: "a.txt", media_type: "text/plain", content: "aGVsbG8=" }];
    await write("whole.json", { ...upstream, data: { attachments } });
    await arrived(1);
    expect(accepted[0]?.data).toEqual({ attachments });
    await write("url.json", { ...upstream, data: { attachments: [{ url: "file:///etc/passwd" }] } });
    await until("the reason", () => lines(/is in rejected/).length === 1);
    expect(await readFile(join(path, "rejected", "url.json.reason.txt"), "utf8")).toContain("no URL is fetched");
  });

  test("that are written slowly are waited for, and those that come by rename are whole", async () => {
    await folder.start();
    const text = JSON.stringify(upstream);
    for (const length of [0, 40, 80]) {
      await write("slow.json", text.slice(0, length));
      await looked();
      time += 4_999;
    }
    await looked();
    expect(await left()).toEqual(["slow.json"]);
    expect(log).toEqual([]);
    await write("slow.json", text);
    await arrived(1);
    await emptied();
    await write("whole.tmp", { ...upstream, title: "Whole" });
    await rename(join(path, "whole.tmp"), join(path, "whole.json"));
    await arrived(2);
  });

  test.each([
    ["is no JSON and stays so", "{", /not JSON/],
    ["is no event", { title: "" }, /title/],
    ["is no object", [1], /expected object/],
    ["has data of another kind", { ...upstream, data: "x" }, /data/],
    ["is too long", JSON.stringify({ title: "x".repeat(300_000) }), /longer than 262144 bytes/],
  ])("one that %s is set aside with the reason beside it", async (_, content, reason) => {
    await folder.start();
    await write("bad.json", content);
    await write("good.json", upstream);
    await arrived(1);
    await looked();
    time += 5_000;
    await looked();
    expect(await left()).toEqual(["rejected"]);
    expect((await readdir(join(path, "rejected"))).sort()).toEqual(["bad.json", "bad.json.reason.txt"]);
    expect(await readFile(join(path, "rejected", "bad.json.reason.txt"), "utf8")).toMatch(reason);
  });

  test("wait when there is no room, in their order, and nothing of them is lost", async () => {
    refuse = () => new RefusedError("queue_full", "full", 30);
    await folder.start();
    await write("a.json", upstream);
    for (let look = 0; look < 5; look += 1) await looked();
    expect(await left()).toEqual(["a.json"]);
    expect(lines(/has to wait/)).toHaveLength(1);
    refuse = undefined;
    await arrived(1);
    await emptied();
  });

  test("that something unforeseen happens to stay, and keep no other one waiting", async () => {
    refuse = ({ title }) => (title === "Odd" ? new Error("no such thing") : undefined);
    await folder.start();
    await write("a.json", { ...upstream, title: "Odd" });
    await write("b.json", upstream);
    await arrived(1);
    await until("the other one alone", async () => (await left()).join() === "a.json");
    expect(lines(/no such thing/)).toHaveLength(1);
  });

  test("whose writer comes back while they are taken are not deleted unread", async () => {
    const { promise: goOn, resolve: go } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const taken: string[] = [];
    const slow = new EventsFolder({
      ...{ path, logger: pino({ level: "silent" }), now: () => time },
      accept: async ({ title }) => {
        begin();
        await goOn;
        taken.push(title);
      },
    });
    await slow.start();
    await write("a.json", { title: "First" });
    await begun;
    await write("second.tmp", { title: "Second" });
    await rename(join(path, "second.tmp"), join(path, "a.json"));
    go();
    await until("both", () => taken.length === 2);
    await emptied();
    await slow.stop();
    expect(taken).toEqual(["First", "Second"]);
  });

  test("that cannot be set aside stay, and lead nobody's writing elsewhere", async () => {
    const [elsewhere, precious] = [join(place.path, "elsewhere"), join(place.path, "precious")];
    await mkdir(elsewhere);
    await writeFile(precious, "precious");
    await mkdir(path);
    await symlink(elsewhere, join(path, "rejected"));
    await folder.start();
    await write("bad.json", [1]);
    await write("good.json", upstream);
    await arrived(1);
    await looked();
    expect(await left()).toEqual(["bad.json", "rejected"]);
    expect(await readdir(elsewhere)).toEqual([]);
    // One that runs would make the folder in between.
    await folder.stop();
    await rm(join(path, "rejected"));
    await mkdir(join(path, "rejected"));
    await symlink(precious, join(path, "rejected", "bad.json.reason.txt"));
    folder = watched();
    await folder.start();
    await until("the bad one", async () => (await left()).join() === "rejected");
    expect(await readFile(precious, "utf8")).toBe("precious");
  });

  test("set aside under one name are both kept", async () => {
    await folder.start();
    for (const content of [[1], [2]]) {
      await write("bad.json", content);
      await until("that one", async () => (await left()).join() === "rejected");
    }
    const kept = (await readdir(join(path, "rejected"))).filter((name) => name.endsWith(".json"));
    expect(kept).toEqual(["bad.json", expect.stringMatching(/^bad-\d+\.json$/)].toSorted());
    expect(await Promise.all(kept.map((name) => readFile(join(path, "rejected", name), "utf8")))).toHaveLength(2);
  });

  test("say nothing of their content in the log", async () => {
    await folder.start();
    await write("a.json", "my secret words");
    await looked();
    time += 5_000;
    await until("the rejection", () => lines(/is no event/).length === 1);
    expect(log.join("")).not.toMatch(/secret/);
  });

  test("are no links, folders or other files, which are left alone", async () => {
    await mkdir(join(path, "folder.json"), { recursive: true });
    await writeFile(join(place.path, "secret"), JSON.stringify(upstream));
    await symlink(join(place.path, "secret"), join(path, "link.json"));
    await write("notes.txt", upstream);
    await write(".hidden.json", upstream);
    await folder.start();
    await looked();
    expect(accepted).toEqual([]);
    expect(await left()).toEqual([".hidden.json", "folder.json", "link.json", "notes.txt"]);
  });

  test("need a folder, and the start says so when there can be none", async () => {
    await writeFile(path, "a file");
    await expect(folder.start()).rejects.toThrow(/events cannot be used: .*\n.*EVENTS_DIR/);
  });
});
