import { once } from "node:events";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { EventStream } from "../../../server/mcp/transports/streamable-http/event-stream.ts";
import { ResumableStreams } from "../../../server/mcp/transports/streamable-http/resumable-streams.ts";
import { beginSession, connect, keys } from "../support/server.ts";
import { workSite } from "../support/work-site.ts";

const site = workSite();

type Session = Awaited<ReturnType<typeof beginSession>>;

const call = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "work", _meta: { progressToken: "p" } } };

type Event = { id?: string; data?: string; retry?: string };

const eventsIn = (text: string): Event[] =>
  text
    .split("\n\n")
    .filter((block) => block !== "" && !block.startsWith(":"))
    .map((block) => Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s).slice(0, 2))));

/** Reads a stream until so many events have come, and leaves it. */
async function someOf(response: Response, count: number): Promise<Event[]> {
  let read = "";
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    read += Buffer.from(chunk).toString();
    if (eventsIn(read).length >= count) break;
  }
  return eventsIn(read);
}

const resume = ({ id }: Pick<Session, "id">, lastEventId: string, key: string = keys.all) =>
  site.server.fetch("/mcp", {
    key,
    headers: { accept: "text/event-stream", "mcp-session-id": id, "last-event-id": lastEventId },
  });

const messagesIn = (events: readonly Event[]) =>
  events.filter(({ data }) => data).map(({ data = "" }) => JSON.parse(data));
const answer = { jsonrpc: "2.0", id: 7, result: { content: [{ type: "text", text: "done" }] } };
const progress = (number: number) => expect.objectContaining({ params: { progressToken: "p", progress: number } });

describe("a stream that a client comes back to", () => {
  test("begins with the id to come back by, and every message has its own", async () => {
    site.work = async ({ interaction }) => {
      interaction.progress(1);
      return "done";
    };
    const session = await beginSession(site.server, keys.all);
    const events = eventsIn(await (await session.post(call)).text());
    expect(events[0]).toEqual({ id: expect.stringMatching(/\/0$/), retry: "1000", data: "" });
    expect(messagesIn(events)).toEqual([progress(1), answer]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
  });

  test("goes on after a pause, with what came in the meantime and what comes then", async () => {
    const later = Promise.withResolvers<void>();
    site.work = async ({ interaction }) => {
      interaction.progress(1);
      interaction.pause();
      interaction.progress(2);
      await later.promise;
      interaction.progress(3);
      return "done";
    };
    const session = await beginSession(site.server, keys.all);
    const first = eventsIn(await (await session.post(call)).text());
    expect(messagesIn(first)).toEqual([progress(1)]);
    const response = await resume(session, first.at(-1)?.id ?? "");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    later.resolve();
    expect(messagesIn(eventsIn(await response.text()))).toEqual([progress(2), progress(3), answer]);
  });

  test("is still there after the connection was lost, and the work goes on; what was seen is not sent again", async () => {
    const later = Promise.withResolvers<void>();
    const lost = Promise.withResolvers<void>();
    let wasAborted: boolean | undefined;
    site.work = async ({ interaction }) => {
      interaction.progress(1);
      interaction.progress(2);
      interaction.signal.addEventListener("abort", () => lost.resolve());
      await later.promise;
      wasAborted = interaction.signal.aborted;
      return "done";
    };
    const session = await beginSession(site.server, keys.all);
    const events = await someOf(await session.post(call), 3);
    const response = await resume(session, events.at(-2)?.id ?? "");
    later.resolve();
    expect(messagesIn(eventsIn(await response.text()))).toEqual([progress(2), answer]);
    expect(wasAborted).toBe(false);
    const again = await resume(session, events[0]?.id ?? "");
    expect(messagesIn(eventsIn(await again.text()))).toEqual([progress(1), progress(2), answer]);
  });

  test("is its session's alone", async () => {
    site.work = async ({ interaction }) => {
      interaction.progress(1);
      return "done";
    };
    const session = await beginSession(site.server, keys.all);
    const [{ id = "" } = {}] = eventsIn(await (await session.post(call)).text());
    expect((await resume(await beginSession(site.server, keys.all), id)).status).toBe(400);
    expect((await resume(await beginSession(site.server, keys.messages), id, keys.messages)).status).toBe(400);
    expect((await resume(session, id, keys.messages)).status).toBe(404);
    const [stream] = id.split("/");
    for (const other of ["nothing", "/", "/0", `${stream}/3`, `${stream}/-1`, `${stream}/1e9`, "x".repeat(10_000)]) {
      expect((await resume(session, other)).status).toBe(400);
    }
    expect((await resume(session, id)).status).toBe(200);
  });

  test("is none in older revisions, whose clients stumble over events without data", async () => {
    site.work = async ({ interaction }) => {
      interaction.progress(1);
      interaction.pause();
      return "done";
    };
    const session = await beginSession(site.server, keys.all, "2025-06-18");
    const events = eventsIn(await (await session.post(call)).text());
    expect(events.map(({ id }) => id)).toEqual([undefined, undefined]);
    expect(messagesIn(events)).toEqual([progress(1), answer]);
  });

  test("is followed by the client of the SDK by itself", async () => {
    site.work = async ({ interaction }) => {
      interaction.pause();
      return "done";
    };
    const client = await connect(site.server.url, keys.all);
    try {
      expect(await client.callTool({ name: "work" })).toMatchObject({ content: [{ text: "done" }] });
    } finally {
      await client.close();
    }
  });
});

describe("a stream on which a session listens", () => {
  const uri = "cctelegram://bridge-status";
  const listen = (session: Session, lastEventId?: string, key: string = keys.all) => {
    const resumed = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
    const headers = { accept: "text/event-stream", "mcp-session-id": session.id, ...resumed };
    return site.server.fetch("/mcp", { key, headers });
  };
  const changed = () => site.bridge.relay.publish({ topic: "status", text: "{}" });
  const updates = (events: readonly Event[]) =>
    messagesIn(events).filter(({ method }) => method === "notifications/resources/updated").length;

  async function subscribed(version?: string): Promise<Session> {
    const session = await beginSession(site.server, keys.all, version);
    await session.post({ jsonrpc: "2.0", id: 1, method: "resources/subscribe", params: { uri } });
    return session;
  }

  const listenersAre = (count: number) =>
    vi.waitFor(async () => expect(await site.server.metric('mcp_open_streams{transport="http"}')).toBe(String(count)));

  test("tells what came while its client was away, and goes on", async () => {
    const session = await subscribed();
    const first = await listen(session);
    await changed();
    const seen = await someOf(first, 2);
    expect(updates(seen)).toBe(1);
    await listenersAre(0);
    await changed();
    await changed();
    const second = await listen(session, seen.at(-1)?.id);
    await changed();
    const rest = await someOf(second, 3);
    expect(updates(rest)).toBe(3);
    expect(new Set([...seen, ...rest].map(({ id }) => id)).size).toBe(5);
  });

  test("leaves messages to another one of its session that is connected", async () => {
    const session = await subscribed();
    const older = await listen(session);
    await someOf(await listen(session), 1);
    await listenersAre(1);
    await changed();
    expect(updates(await someOf(older, 2))).toBe(1);
  });

  test("begins anew where nobody keeps it", async () => {
    const session = await subscribed();
    for (const gone of ["listen-0/1", "listen-/1", `listen-${"x".repeat(1000)}/1`, "listen-"]) {
      const stream = await listen(session, gone);
      expect(stream.status).toBe(200);
      await changed();
      const events = await someOf(stream, 2);
      expect(events[0]).toEqual({ id: expect.stringMatching(/^listen-[\w-]+\/0$/), retry: "1000", data: "" });
      expect(updates(events)).toBe(1);
      await listenersAre(0);
    }
  });

  test("is its session's alone: another one hears nothing of it", async () => {
    const session = await subscribed();
    const [first] = await someOf(await listen(session), 1);
    await listenersAre(0);
    await changed();
    const other = await beginSession(site.server, keys.all);
    const [primed] = await someOf(await listen(other, first?.id), 1);
    expect(primed?.id).toMatch(/^listen-/);
    expect(primed?.id).not.toBe(first?.id);
    expect((await listen(session, first?.id, keys.messages)).status).toBe(404);
    expect(updates(await someOf(await listen(session, first?.id), 1))).toBe(1);
  });

  test("has no ids in older revisions", async () => {
    const session = await subscribed("2025-06-18");
    const stream = await listen(session);
    await changed();
    const events = await someOf(stream, 1);
    expect(events.map(({ id }) => id)).toEqual([undefined]);
    expect(updates(events)).toBe(1);
  });
});

describe("streams without a connection", () => {
  const connection = () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    return { stream: new EventStream(response, {}), end: () => response.emit("close") };
  };
  let count = 0;
  const made = () => new ResumableStreams(() => `stream-${++count}`);
  const current = (number: number) => `stream-${count}/${number}`;

  test("are kept for a minute", () => {
    vi.useFakeTimers();
    try {
      const streams = made();
      const { stream, end } = connection();
      const resumable = streams.begin("session", stream);
      vi.advanceTimersByTime(600_000);
      end();
      resumable.send("message");
      vi.advanceTimersByTime(59_999);
      expect(streams.after(current(0), "session")).toBeDefined();
      vi.advanceTimersByTime(1);
      expect(streams.after(current(0), "session")).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });

  test("are forgotten, too, when there was no connection from the beginning", async () => {
    const socket = new Socket();
    const response = new ServerResponse(new IncomingMessage(socket));
    response.assignSocket(socket);
    socket.destroy();
    await once(response, "close");
    vi.useFakeTimers();
    try {
      const streams = made();
      streams.begin("session", new EventStream(response, {}));
      expect(streams.after(current(0), "session")).toBeDefined();
      vi.advanceTimersByTime(60_000);
      expect(streams.after(current(0), "session")).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });

  test("keep a mebibyte each and 16 together; nobody comes back to a gap", () => {
    const streams = made();
    const big = "x".repeat(300_000);
    const first = streams.begin("session", connection().stream);
    const id = count;
    for (let number = 1; number <= 5; number++) first.send(big);
    expect(streams.after(`stream-${id}/1`, "session")).toBeUndefined();
    expect(streams.after(`stream-${id}/2`, "session")).toBeDefined();
    for (let number = 0; number < 60; number++) streams.begin("session", connection().stream).send(big);
    expect(streams.after(`stream-${id}/4`, "session")).toBeUndefined();
    expect(streams.after(`stream-${id}/5`, "session")).toBeDefined();
    expect(streams.after(current(0), "session")).toBeDefined();
  });
});
