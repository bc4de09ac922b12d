import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { boundConnections } from "../../../server/listening/connections.ts";
import { scratch } from "../bridge/support.ts";
import { makeCertificate } from "../support/certificates.ts";
import { head } from "../support/raw-http.ts";

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A connection to a server that answers before it has read anything, as one does that knows enough from the headers. */
type Stage = {
  readonly socket: Socket;
  readonly requests: () => number;
  /** Open ones at the server. */
  readonly connections: () => Promise<number>;
  readonly another: () => Promise<Socket>;
};

async function stageOf(server: Server, dial: (port: number) => Socket, dialled: string): Promise<Stage> {
  let requests = 0;
  const refuse: RequestListener = (_request, response) => {
    requests += 1;
    response.writeHead(413, { connection: "close", "content-length": 7 }).end("refused");
  };
  boundConnections(server.on("request", refuse), { total: 100, answerTimeoutMs: 10_000 });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  ends.push(() => server.close().closeAllConnections());
  const another = async () => {
    const socket = dial(port);
    ends.push(() => socket.destroy());
    await once(socket, dialled);
    return socket;
  };
  const connections = promisify(server.getConnections.bind(server));
  return { socket: await another(), requests: () => requests, connections, another };
}

const dialling = { host: "127.0.0.1", allowHalfOpen: true };
const plain = () => stageOf(createServer(), (port) => connect({ port, ...dialling }), "connect");

async function encrypted(): Promise<Stage> {
  const folder = await scratch();
  ends.push(() => folder[Symbol.asyncDispose]());
  const { key, cert } = makeCertificate(folder.path, "server");
  const dial = (port: number) => connectTls({ port, ...dialling, ca: cert });
  return stageOf(createTlsServer({ key, cert }), dial, "secureConnect");
}

const stages = [
  ["HTTP", plain],
  ["HTTPS", encrypted],
] as const;

/** What the client reads until the connection has ended, and the error that it got. */
async function ending(socket: Socket): Promise<{ text: string; error: string | undefined }> {
  let text = "";
  let error: string | undefined;
  const ended = new Promise<void>((resolve) => {
    socket.once("end", resolve).once("close", resolve);
  });
  socket.on("error", ({ message }) => {
    error = message;
  });
  socket.setEncoding("latin1").on("data", (chunk) => {
    text += chunk;
  });
  socket.resume();
  await ended;
  return { text, error };
}

describe("an answer before the end of its request", () => {
  test.each(stages)("arrives at a client that sends on before it reads, by %s", async (_, stage) => {
    const { socket } = await stage();
    const errors: Error[] = [];
    socket.on("error", (error) => errors.push(error)).pause();
    socket.write(head("POST", "/", { "content-length": "200000" }));
    for (let part = 0; part < 10; part += 1) {
      socket.write(Buffer.alloc(20_000, "x"));
      await delay(20);
    }
    expect(errors).toEqual([]);
    const { text, error } = await ending(socket);
    expect(text).toMatch(/^HTTP\/1\.1 413 .*refused$/s);
    expect(error).toBeUndefined();
  });

  test.each(stages)("is the last: what looks like a request behind it is none, by %s", async (_, stage) => {
    const { socket, requests } = await stage();
    socket.write(head("POST", "/", { "content-length": "10" }));
    const read = ending(socket);
    await once(socket, "data");
    socket.write(`0123456789${head("GET", "/")}`);
    const { text } = await read;
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(requests()).toBe(1);
  });

  test.each(stages)("does not keep the connection of a client that sends without end, by %s", async (_, stage) => {
    const { socket } = await stage();
    let sent = 0;
    const send = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536, "x"))) sent += 65_536;
    };
    socket.write(head("POST", "/", { "content-length": `${2 ** 40}` }));
    const read = ending(socket.on("drain", send));
    send();
    await read;
    // What the sockets of both sides hold was sent, too.
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  test("is waited for by some connections at a time, and no more", async () => {
    const { socket, connections, another } = await plain();
    const sockets = [socket, ...(await Promise.all(Array.from({ length: 39 }, another)))];
    for (const each of sockets) each.write(head("POST", "/", { "content-length": "10" }));
    await Promise.all(sockets.map(ending));
    await expect.poll(() => connections()).toBe(16);
    await expect.poll(() => connections()).toBe(0);
  });

  test.each(stages)("does not keep the connection of a client that stays silent, by %s", async (_, stage) => {
    const { socket, connections } = await stage();
    socket.write(head("POST", "/", { "content-length": "10" }));
    expect(await ending(socket)).toMatchObject({ text: expect.stringMatching(/refused$/) });
    expect(await connections()).toBe(1);
    await expect.poll(() => connections()).toBe(0);
  });
});
