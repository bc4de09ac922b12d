import { createServer, type Server } from "node:http";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from "node:net";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { httpRoutes } from "../../server/http/routes.ts";
import { type Browser, type BrowserPage, startBrowser } from "./browser.ts";
import { startPrograms } from "./programs.ts";

const program = inject("browser");
const evil = "evil.example";
/** Where the name leads at first; the server is at 127.0.0.1, under the same port. */
const front = "127.0.0.66";

type Stack = AsyncDisposableStack;

/** What a name leads to: first a page of its owner, then, when that one says so, the server of whoever reads the page. */
class Rebound {
  readonly #sockets = new Set<Socket>();
  #target: { readonly host: string; readonly port: number };

  constructor(page: { readonly host: string; readonly port: number }) {
    this.#target = page;
  }

  async listen(port: number, stack: Stack): Promise<void> {
    const server = createTcpServer((near) => this.#pass(near));
    await listening(server, port, front);
    stack.defer(async () => {
      for (const socket of this.#sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  to(port: number): void {
    this.#target = { host: "127.0.0.1", port };
    // What the browser kept open led to the page.
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(near: Socket): void {
    const far = connect(this.#target);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined).once("close", () => this.#sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  }
}

async function listening(server: Server | TcpServer, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** A page of somebody else, on a port of this machine. */
async function hostilePage(stack: Stack): Promise<number> {
  const server = createServer((_request, response) => {
    response
      .writeHead(200, { "content-type": "text/html", connection: "close" })
      .end("<!doctype html><title>free</title>");
  });
  const port = await listening(server, 0, "127.0.0.1");
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return port;
}

const message = "approve the deployment";

/** What a page can ask of a server: each with the status that its script reads, or why it reads none. */
const attempts = (base: string, mode: "cors" | "no-cors") => `(async () => {
  const results = {};
  const routes = ${JSON.stringify(httpRoutes.map(({ method, route }) => ({ method, path: route.replace(":name", "send_telegram_message").replace(":id", "1") })))};
  for (const { method, path } of routes) {
    const body = method === "POST" ? JSON.stringify({ message: ${JSON.stringify(message)} }) : undefined;
    for (const type of ["application/json", "text/plain"]) {
      const headers = body === undefined || ${mode === "no-cors"} ? {} : { "content-type": type };
      const init = { method, body, headers, mode: ${JSON.stringify(mode)}, signal: AbortSignal.timeout(5000) };
      results[method + " " + path + " " + type] = await fetch(${JSON.stringify(base)} + path, init).then(
        (answer) => answer.type === "opaque" ? "unreadable" : answer.status,
        (error) => error.name,
      );
    }
  }
  results.socket = await new Promise((resolve) => {
    const socket = new WebSocket(${JSON.stringify(base.replace("http", "ws"))} + "/mcp", "mcp");
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
  });
  results.stream = await new Promise((resolve) => {
    const stream = new EventSource(${JSON.stringify(base)} + "/mcp");
    stream.onopen = () => resolve("open");
    stream.onerror = () => { stream.close(); resolve("refused"); };
  });
  return results;
})()`;

/** A form needs no script's right to read: the browser sends it and shows what comes. */
const form = (base: string) => `(() => {
  const form = document.createElement("form");
  const field = document.createElement("input");
  field.name = '{"message":"${message}","x":"';
  field.value = '"}';
  Object.assign(form, { method: "post", enctype: "text/plain", action: "${base}/tools/send_telegram_message", target: "_blank" });
  form.append(field);
  document.body.append(form);
  form.submit();
})()`;

const title = program === null ? " (not run: there is no Chromium)" : "";

describe.skipIf(program === null)(`in a browser${title}`, () => {
  let stack: Stack;
  let browser: Browser;
  let server: { readonly http: string; readonly port: number };
  let messages: () => readonly string[];
  let rebound: Rebound;
  let page: BrowserPage;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    const programs = stack.use(await startPrograms({ MCP_ENABLE_AUTH: "false", MCP_API_KEYS: "" }));
    const { origin, port } = new URL(programs.url);
    server = { http: origin, port: Number(port) };
    messages = programs.texts;
    rebound = new Rebound({ host: "127.0.0.1", port: await hostilePage(stack) });
    await rebound.listen(server.port, stack);
    browser = stack.use(await startBrowser(program ?? "", [`--host-resolver-rules=MAP ${evil} ${front}`]));
    page = await browser.open(`http://${evil}:${server.port}/`);
    expect(await page.evaluate("document.title")).toBe("free");
  });
  afterEach(() => stack.disposeAsync());

  /** Whatever was sent before it has been delivered by now. */
  async function nothingArrived(): Promise<void> {
    const last = `sent by a program ${performance.now()}`;
    const body = JSON.stringify({ message: last });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${server.http}/tools/send_telegram_message`, { method: "POST", headers, body });
    expect(answer.status).toBe(200);
    await vi.waitFor(() => expect(messages()).toContainEqual(expect.stringContaining(last)));
    expect(messages().filter((text) => text.includes(message))).toEqual([]);
  }

  test("a hostile page whose name leads to this machine reaches nothing of a server without keys", async () => {
    rebound.to(server.port);
    const base = `http://${evil}:${server.port}`;
    const results = await page.evaluate<Record<string, unknown>>(attempts(base, "cors"));
    const { socket, stream, ...answers } = results;
    expect({ socket, stream }).toEqual({ socket: "refused", stream: "refused" });
    expect(Object.entries(answers).filter(([, status]) => status !== 403)).toEqual([]);
    await page.evaluate(form(base));
    await nothingArrived();
  });

  test("a page of another origin reads nothing and sends nothing, with simple requests and others", async () => {
    for (const mode of ["cors", "no-cors"] as const) {
      const { socket, stream, ...answers } = await page.evaluate<Record<string, unknown>>(attempts(server.http, mode));
      expect({ socket, stream }).toEqual({ socket: "refused", stream: "refused" });
      expect(Object.entries(answers).filter(([, got]) => got !== "TypeError" && got !== "unreadable")).toEqual([]);
    }
    await page.evaluate(form(server.http));
    await nothingArrived();
  });
});
