import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { signedHeaders } from "../../contract/signature.ts";
import { freePort } from "../../e2e/cluster/free-ports.ts";
import type { Process } from "./support/process.ts";
import { processStage } from "./support/process-stage.ts";
import { keys, keysJson } from "./support/server.ts";

const stage = processStage("hmac-rotation");

const [old, young] = ["the-old-secret-of-at-least-32-characters", "the-new-secret-of-at-least-32-characters"];

type Secret = { readonly secret: string; readonly next?: string; readonly previous?: string };

/** What the Secret holds, from step to step, as the operator writes it. */
const steps: readonly Secret[] = [
  { secret: old },
  { secret: old, next: young },
  { secret: young, previous: old },
  { secret: young },
];

let swaps = 0;

/** As a kubelet gives a pod a changed Secret: another folder behind a link, in one moment. */
async function give(pod: string, secret: Secret): Promise<void> {
  const folder = join(stage.folder, pod);
  const content = join(folder, `content-${++swaps}`);
  await mkdir(content, { recursive: true });
  for (const [name, value] of Object.entries(secret)) await writeFile(join(content, name), value);
  await symlink(content, join(folder, `link-${swaps}`));
  await rename(join(folder, `link-${swaps}`), join(folder, "data"));
}

const filesOf = (pod: string) => ({
  HMAC_SECRET_FILE: join(stage.folder, pod, "data/secret"),
  HMAC_SECRET_PREVIOUS_FILE: join(stage.folder, pod, "data/previous"),
  HMAC_SECRET_NEXT_FILE: join(stage.folder, pod, "data/next"),
});

async function startBridge(port: string): Promise<Process> {
  const bridge = stage.start("bridge", {
    ...filesOf("bridge"),
    ...{ BRIDGE_HOST: "127.0.0.1", BRIDGE_PORT: port, METRICS_PORT: "0" },
    ...{ TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample", TELEGRAM_ALLOWED_USERS: "1001" },
    ...{ TELEGRAM_API_URL: stage.telegram.url, TELEGRAM_RATE_LIMIT_PER_CHAT: "30" },
    CC_TELEGRAM_DATA_DIR: join(stage.folder, "queue"),
  });
  await bridge.logged("ready to work");
  return bridge;
}

async function startServer(port: string): Promise<{ readonly process: Process; readonly url: string }> {
  const process = stage.start("serve", {
    ...filesOf("server"),
    ...{ BRIDGE_URL: `http://127.0.0.1:${port}`, BRIDGE_TIMEOUT: "15000", MCP_API_KEYS: keysJson },
    ...{ MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0", METRICS_PORT: "0", MCP_ENABLE_RATE_LIMIT: "false" },
  });
  return { process, url: (await process.logged("ready to work")).http ?? "" };
}

const send = async (url: string) => {
  const response = await fetch(`${url}/tools/send_telegram_message`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": keys.all },
    body: '{"message":"hello"}',
  });
  return `${response.status} ${response.status === 200 ? "" : await response.text()}`.trim();
};

/** Whether the bridge takes what is signed with this secret. */
async function takes(port: string, secret: string): Promise<boolean> {
  const request = { method: "GET", path: "/status", timestampSeconds: Math.floor(Date.now() / 1000), body: "" };
  const { status } = await fetch(`http://127.0.0.1:${port}/status`, { headers: signedHeaders(secret, request) });
  return status === 200;
}

/** Waits until the bridge takes what its file says, and nothing else. */
const untilBridgeHas = (port: string, { secret, next, previous }: Secret) =>
  vi.waitFor(async () => {
    const isTaken = await Promise.all([takes(port, old), takes(port, young)]);
    expect(isTaken).toEqual([old, young].map((each) => [secret, next, previous].includes(each)));
  });

/** Waits until the server signs with this secret, which its log says once. */
const untilServerSigns = (server: Process, changes: number) =>
  vi.waitFor(() => expect(server.stdout().split("the secret that signs has changed")).toHaveLength(changes + 1));

/** One call after the other until it is ended; then how many there were, and what else than 200 came back. */
function calling(url: string) {
  const state = { ends: false, calls: 0 };
  const failures: string[] = [];
  const run = async () => {
    while (!state.ends) {
      const answer = await send(url).catch(String);
      state.calls += 1;
      if (answer !== "200") failures.push(answer);
    }
  };
  const done = run();
  const end = async () => {
    state.ends = true;
    await done;
    return failures;
  };
  onTestFinished(async () => void (await end()));
  const more = async () => {
    const until = state.calls + 5;
    await vi.waitFor(() => expect(state.calls).toBeGreaterThanOrEqual(until));
  };
  return { end, more };
}

test.each([
  ["the bridge", "bridge", "server"],
  ["the server", "server", "bridge"],
])(
  "calls go on while the secret is rotated in steps and %s is given each first: none fails, nobody restarts",
  async (_name, first, second) => {
    const port = `${await freePort()}`;
    await give("bridge", { secret: old });
    await give("server", { secret: old });
    const bridge = await startBridge(port);
    const server = await startServer(port);
    const traffic = calling(server.url);
    for (const [index, step] of steps.entries()) {
      for (const pod of [first, second]) {
        await give(pod, step);
        if (pod === "bridge") await untilBridgeHas(port, step);
        else await untilServerSigns(server.process, index >= 2 ? 1 : 0);
        await traffic.more();
      }
    }
    expect(await traffic.end()).toEqual([]);
    expect(await takes(port, old)).toBe(false);
    expect([bridge.child.exitCode, server.process.child.exitCode]).toEqual([null, null]);
  },
);

test.each([
  ["the bridge", "bridge", "server"],
  ["the server", "server", "bridge"],
])(
  "a person who writes a new secret and the one before at once loses no call, when %s is given it first",
  async (_name, first, second) => {
    const port = `${await freePort()}`;
    await give("bridge", { secret: old });
    await give("server", { secret: old });
    await startBridge(port);
    const server = await startServer(port);
    const traffic = calling(server.url);
    for (const pod of [first, second]) {
      await give(pod, { secret: young, previous: old });
      if (pod === "bridge") await untilBridgeHas(port, { secret: young, previous: old });
      else await untilServerSigns(server.process, 1);
      await traffic.more();
    }
    expect(await traffic.end()).toEqual([]);
  },
);

test("a bridge that is killed at each step, and a server that starts there, go on with what their files say", async () => {
  const port = `${await freePort()}`;
  await give("bridge", { secret: old });
  await give("server", { secret: old });
  let bridge = await startBridge(port);
  const first = await startServer(port);
  const traffic = calling(first.url);
  // Those at which the two sides have read different files.
  for (const step of steps.slice(1, 3)) {
    await give("bridge", step);
    bridge.child.kill("SIGKILL");
    await bridge.exited;
    bridge = await startBridge(port);
    await untilBridgeHas(port, step);
    await give("server", step);
    const another = await startServer(port);
    expect(await send(another.url)).toBe("200");
    await traffic.more();
  }
  expect(await traffic.end()).toEqual([]);
});

test("a file that is emptied or half written changes nothing, is told in the log, and what is whole then counts", async () => {
  const port = `${await freePort()}`;
  await give("bridge", { secret: old });
  await give("server", { secret: old });
  await startBridge(port);
  const server = await startServer(port);
  for (const text of ["", young.slice(0, 10)]) {
    await give("server", { secret: text });
    await server.process.logged("the secret that signs cannot be read; that of before stays");
    expect(await send(server.url)).toBe("200");
  }
  await give("bridge", { secret: young });
  await give("server", { secret: young });
  await untilServerSigns(server.process, 1);
  await untilBridgeHas(port, { secret: young });
  expect(await send(server.url)).toBe("200");
  expect(server.process.stdout()).not.toContain(young.slice(0, 10));
});
