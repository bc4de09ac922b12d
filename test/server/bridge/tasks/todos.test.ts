import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Todo } from "../../../../contract/todos.ts";
import { openFile } from "../../../../server/bridge/storage/sqlite-file.ts";
import { salvage } from "../../../../server/bridge/storage/sqlite-salvage.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { Todos } from "../../../../server/bridge/tasks/todos.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, type Scratch, scratch, signedFetch, TOKEN } from "../support.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let directory: Scratch;
const clock = { now: Date.UTC(2026, 0, 1) };
let store: Store;
let todos: Todos;

beforeEach(async () => {
  directory = await scratch();
});

afterEach(async () => {
  await directory[Symbol.asyncDispose]();
});

function open(): void {
  store = new Store({ path: join(directory.path, "queue.sqlite"), now: () => clock.now });
  todos = new Todos({ store, now: () => clock.now });
}

const todo = (content: string, status: Todo["status"] = "pending"): Todo => ({ id: content, content, status });
const register = (client: string, session_id: string, ...contents: string[]) =>
  todos.register({ client, session_id, todos: contents.map((content) => todo(content)) });
const shown = (client: string) =>
  todos.sessionsOf(client).map(({ session_id, todos }) => [session_id, ...todos.map(({ content }) => content)]);

describe("the todos of clients", () => {
  beforeEach(open);

  afterEach(() => store.close());

  test("are kept for each client and session, the session that registered last first, over a restart", async () => {
    expect(await register("a", "one", "x", "y")).toBe(2);
    await register("a", "two", "z");
    await register("b", "one", "other");
    await register("a", "one", "x");
    store.close();
    open();
    expect(shown("a")).toEqual([
      ["one", "x"],
      ["two", "z"],
    ]);
    expect(shown("b")).toEqual([["one", "other"]]);
    expect(shown("")).toEqual([]);
    expect(todos.newest(2).map(({ client, session_id }) => [client, session_id])).toEqual([
      ["a", "one"],
      ["b", "one"],
    ]);
    expect(todos.newest(9, "A").map(({ client }) => client)).toEqual(["a", "a"]);
    expect(todos.newest(9, "c")).toEqual([]);
  });

  test("are taken over from a damaged file", async () => {
    await register("a", "one", "x");
    store.close();
    const { db } = openFile(join(directory.path, "new.sqlite"), 0);
    salvage(join(directory.path, "queue.sqlite"), db);
    expect(db.prepare("SELECT client, session FROM todo_sessions").all()).toEqual([{ client: "a", session: "one" }]);
    db.close();
  });

  test("end with an empty list", async () => {
    await register("a", "one", "x");
    expect(await register("a", "one")).toBe(0);
    expect(shown("a")).toEqual([]);
  });

  test("are forgotten after seven days, in the file too", async () => {
    await register("a", "one", "x");
    clock.now += 7 * DAY;
    expect(shown("a")).toHaveLength(1);
    clock.now += 1;
    expect(shown("a")).toEqual([]);
    expect(todos.newest(10)).toEqual([]);
    await register("b", "one", "y");
    expect(store.db.prepare("SELECT client FROM todo_sessions").all()).toEqual([{ client: "b" }]);
  });

  test("are twenty sessions of a client at most: those that registered longest ago go, of this client alone", async () => {
    await register("b", "one", "y");
    for (let n = 0; n < 25; n += 1) await register("a", `s${n}`, "x");
    expect(shown("a").map(([session]) => session)).toEqual(Array.from({ length: 20 }, (_, n) => `s${24 - n}`));
    expect(shown("b")).toHaveLength(1);
  });

  test("are a MiB of a client at most, and the longest list of all fits", async () => {
    const longest = Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(1000, "€"));
    for (const session of ["1", "2", "3", "4"])
      await todos.register({
        client: "a",
        session_id: session,
        todos: longest.map((content) => ({ ...todo(content), id: "€".repeat(100) })),
      });
    expect(shown("a").map(([session]) => session)).toEqual(["4", "3", "2"]);
    expect(shown("a")[0]).toHaveLength(101);
  });
});

describe("the bridge's routes for todos", () => {
  let telegram: TelegramServer;

  beforeEach(async () => {
    telegram = await startTelegram({ tokens: [TOKEN] });
  });

  afterEach(() => telegram.close());

  test("take and tell them for signed callers alone, of one client", async () => {
    await using bridge = await bridgeFor(configFor(directory.path, telegram.url));
    const url = `${bridge.url}/todos`;
    const body = JSON.stringify({ client: "a & b", session_id: "s", todos: [todo("x")] });
    expect((await fetch(url, { method: "POST", body })).status).toBe(401);
    expect((await fetch(`${url}?client=a`)).status).toBe(401);
    expect((await signedFetch(url, "POST", body, "another-secret-of-32-characters!!")).status).toBe(401);
    expect(await (await signedFetch(url, "POST", body)).json()).toEqual({ registered_count: 1 });
    const told = await (await signedFetch(`${url}?client=a+%26+b`, "GET")).json();
    expect(told).toMatchObject({ sessions: [{ client: "a & b", session_id: "s", todos: [todo("x")] }] });
    expect(await (await signedFetch(`${url}?client=a`, "GET")).json()).toEqual({ sessions: [] });
    expect((await signedFetch(url, "GET")).status).toBe(400);
  });

  test.each([
    ["no client", { client: "" }],
    ["a session's name with a path in it", { session_id: "../x" }],
    ["a status that does not exist", { todos: [{ id: "1", content: "x", status: "done" }] }],
    ["101 todos", { todos: Array.from({ length: 101 }, (_, n) => todo(`${n}`)) }],
    ["1001 characters", { todos: [todo("x".repeat(1001))] }],
  ])("refuse a registration with %s", async (_name, wrong) => {
    await using bridge = await bridgeFor(configFor(directory.path, telegram.url));
    const body = JSON.stringify({ client: "a", session_id: "s", todos: [todo("x")], ...wrong });
    expect((await signedFetch(`${bridge.url}/todos`, "POST", body)).status).toBe(400);
  });

  test("take the longest list, whose characters JSON writes as six, and refuse a longer body", async () => {
    await using bridge = await bridgeFor(configFor(directory.path, telegram.url));
    const list = Array.from({ length: 100 }, () => ({
      id: "\u0001".repeat(100),
      content: "\u0001".repeat(1000),
      status: "pending",
    }));
    const body = JSON.stringify({ client: "a", session_id: "s", todos: list });
    expect((await signedFetch(`${bridge.url}/todos`, "POST", body)).status).toBe(200);
    expect(bridge.todos.sessionsOf("a")).toHaveLength(1);
    expect((await signedFetch(`${bridge.url}/todos`, "POST", body.padEnd(2 ** 20 + 1))).status).toBe(413);
  });
});
