import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";

type Theme = "light" | "dark";

/** How a page is shown: light, and on a desktop, unless something else is said. */
export type Showing = {
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
  readonly reducedMotion?: boolean;
};

/** A page in a real browser, used by keyboard. */
export type BrowserPage = {
  /** The value of an expression, once it has come; throws what it throws. */
  evaluate<T>(expression: string): Promise<T>;
  /** Presses a key, such as Tab, as often as is said. */
  press(key: keyof typeof keyCodes, times?: number): Promise<void>;
  type(text: string): Promise<void>;
  /** Moves the pointer there, in pixels of what is seen. */
  point(x: number, y: number): Promise<void>;
  /** A picture of it as PNG: of what is seen, or of all. */
  picture(extent?: "seen" | "all"): Promise<Buffer>;
  /** What the page keeps, after the browser has thrown away what it does not need. */
  held(): Promise<{ readonly nodes: number; readonly listeners: number; readonly heap: number }>;
  /** What it asked for, by URL. */
  readonly requests: readonly string[];
  /** What the browser complained about: errors of scripts, and what the content security policy stopped. */
  readonly complaints: readonly string[];
};

export type Browser = {
  open(url: string, showing?: Showing): Promise<BrowserPage>;
} & AsyncDisposable;

const keyCodes = { Tab: 9, Enter: 13, " ": 32, Escape: 27, End: 35, Home: 36, ArrowLeft: 37, ArrowRight: 39 } as const;

/** The Chromium of this machine; undefined where there is none. */
export function findBrowser(path = process.env.PATH ?? ""): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const candidates = path.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return candidates.find((candidate) => existsSync(candidate));
}

/** Starts a Chromium without a window, which talks over two pipes and keeps its profile in a folder that goes with it. */
export async function startBrowser(program: string, further: readonly string[] = []): Promise<Browser> {
  await using started = new AsyncDisposableStack();
  const profile = await mkdtemp(join(tmpdir(), "cctelegram-browser-"));
  started.defer(() => rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));
  // Its sandbox needs rights that containers do not have, and root may not use it; it opens our own pages alone.
  const args = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    ...further,
    `--user-data-dir=${profile}`,
    "--remote-debugging-pipe",
  ];
  const child = spawn(program, [...args, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  started.defer(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const protocol = new Protocol(child);
  const all = started.move();
  return {
    open: (url, showing = {}) => openPage(protocol, url, showing),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function openPage(protocol: Protocol, url: string, showing: Showing): Promise<BrowserPage> {
  const { theme = "light", width = 1000, height = 1400, reducedMotion = false } = showing;
  const { targetId } = await protocol.call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await protocol.call("Target.attachToTarget", { targetId, flatten: true });
  const call = (method: string, params = {}) => protocol.call(method, params, sessionId);
  const requests: string[] = [];
  const complaints: string[] = [];
  const loaded = Promise.withResolvers<void>();
  protocol.listen(sessionId, (method, params) => {
    if (method === "Network.requestWillBeSent") requests.push(params.request.url);
    if (method === "Log.entryAdded") complaints.push(params.entry.text);
    if (method === "Runtime.consoleAPICalled" && /^(error|warning|assert)$/.test(params.type)) {
      complaints.push(params.args.map(({ value, description }: Params) => value ?? description).join(" "));
    }
    if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.exception?.description ?? "");
    if (method === "Page.loadEventFired") loaded.resolve();
  });
  for (const domain of ["Page", "Network", "Log", "Runtime"]) await call(`${domain}.enable`);
  const features = [
    { name: "prefers-color-scheme", value: theme },
    { name: "prefers-reduced-motion", value: reducedMotion ? "reduce" : "no-preference" },
  ];
  await call("Emulation.setEmulatedMedia", { features });
  await call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 500 });
  await call("Page.navigate", { url });
  await loaded.promise;
  await call("Page.bringToFront");
  const clip = async (extent: "seen" | "all") => {
    if (extent === "seen") return {};
    const { cssContentSize } = await call("Page.getLayoutMetrics");
    return { clip: { ...cssContentSize, x: 0, y: 0, scale: 1 } };
  };
  return {
    requests,
    complaints,
    async evaluate(expression) {
      const value = { awaitPromise: true, returnByValue: true };
      const options = { expression, ...value, allowUnsafeEvalBlockedByCSP: false };
      const { result, exceptionDetails } = await call("Runtime.evaluate", options);
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? "it threw");
      return result.value;
    },
    async press(key, times = 1) {
      const text = { Enter: "\r", " ": " " }[key as string] ?? "";
      const event = { key, code: key === " " ? "Space" : key, windowsVirtualKeyCode: keyCodes[key] };
      for (let time = 0; time < times; time++) {
        await call("Input.dispatchKeyEvent", { type: text === "" ? "rawKeyDown" : "keyDown", text, ...event });
        await call("Input.dispatchKeyEvent", { type: "keyUp", ...event });
      }
    },
    type: async (text) => void (await call("Input.insertText", { text })),
    point: async (x, y) => void (await call("Input.dispatchMouseEvent", { type: "mouseMoved", x, y })),
    async picture(extent = "seen") {
      const { data } = await call("Page.captureScreenshot", {
        captureBeyondViewport: extent === "all",
        ...(await clip(extent)),
      });
      return Buffer.from(data, "base64");
    },
    async held() {
      for (let time = 0; time < 3; time++) await call("HeapProfiler.collectGarbage");
      const { nodes, jsEventListeners } = await call("Memory.getDOMCounters");
      const { usedSize } = await call("Runtime.getHeapUsage");
      return { nodes, listeners: jsEventListeners, heap: usedSize };
    },
  };
}

// What the protocol answers depends on the method; the DevTools' documentation has its types.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Params = any;

type Listener = (method: string, params: Params) => void;

/** The protocol of Chromium's DevTools over pipes: JSON that ends with a zero byte. */
class Protocol {
  readonly #input: Writable;
  readonly #waiting = new Map<number, PromiseWithResolvers<Params>>();
  readonly #listeners = new Map<string, Listener>();
  #last = 0;
  #text = "";

  constructor(child: ChildProcess) {
    const [, , , input, output] = child.stdio;
    this.#input = input as Writable;
    this.#input.on("error", () => undefined);
    (output as Readable).setEncoding("utf8").on("data", (text: string) => this.#read(text));
    const fail = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the browser has ended"));
    };
    child.once("exit", fail).once("error", fail);
  }

  call(method: string, params: object, sessionId?: string): Promise<Params> {
    this.#last += 1;
    const answer = Promise.withResolvers<Params>();
    this.#waiting.set(this.#last, answer);
    this.#input.write(`${JSON.stringify({ id: this.#last, method, params, sessionId })}\0`);
    return answer.promise;
  }

  listen(sessionId: string, listener: Listener): void {
    this.#listeners.set(sessionId, listener);
  }

  #read(text: string): void {
    const messages = (this.#text + text).split("\0");
    this.#text = messages.pop() ?? "";
    for (const message of messages) this.#take(JSON.parse(message));
  }

  #take({ id, result, error, sessionId, method, params }: Params): void {
    if (id === undefined) this.#listeners.get(sessionId)?.(method, params);
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) answer?.resolve(result);
    else answer?.reject(new Error(error.message));
  }
}
