import { writeFileSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FakeBridge, secret, startFakeBridge } from "./support/fake-bridge.ts";
import { type Process, startProcess } from "./support/process.ts";
import { session } from "./support/web-socket.ts";

let folder: string;
let bridge: FakeBridge;
let server: Process;
let url: string;

const path = () => join(folder, "keys.json");
const kept = "key-that-stays-valid-all-the-time";
const rotated = (round: number) => `key-of-the-rotated-client-in-round-${round}`;
const entry = { name: "rotated", permissions: ["*"] };
const keysOf = (...keys: string[]) =>
  JSON.stringify({
    [kept]: { name: "kept", permissions: ["*"] },
    ...Object.fromEntries(keys.map((key) => [key, entry])),
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rotation-"));
  bridge = await startFakeBridge();
  await writeFile(path(), keysOf(rotated(0)));
  server = startProcess(["serve"], {
    ...{ HMAC_SECRET: secret, BRIDGE_URL: bridge.url, MCP_API_KEYS_FILE: path(), METRICS_ENABLED: "false" },
    ...{ MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0", SHUTDOWN_DELAY: "0", MCP_ENABLE_RATE_LIMIT: "false" },
    // This test comes with keys before and after they are valid.
    MCP_ENABLE_BANS: "false",
  });
  url = (await server.logged("ready to work")).http ?? "";
});
afterEach(async () => {
  server.child.kill("SIGKILL");
  await server.exited;
  await bridge.close();
  await rm(folder, { recursive: true });
});

const call = async (key: string) => {
  const response = await fetch(`${url}/tools`, { headers: { "x-api-key": key } });
  await response.arrayBuffer();
  return response.status;
};

/** As the operator, through Kubernetes, replaces it: at once. */
async function replace(text: string): Promise<void> {
  await writeFile(`${path()}.next`, text);
  await rename(`${path()}.next`, path());
}

/** As an editor may write it: emptied, then half, then whole, and read at each of these moments. */
function rewrite(text: string): void {
  for (const part of ["", text.slice(0, 40), text]) {
    writeFileSync(path(), part);
    server.child.kill("SIGHUP");
  }
}

test("thousands of calls while keys are rotated, rewritten and reloaded: not one is refused", async () => {
  const counts = new Map<number, number>();
  const count = (status: number) => counts.set(status, (counts.get(status) ?? 0) + 1);
  const socket = await session(url, { key: kept });
  /** The key that a client of the rotated name has been given. */
  let current = rotated(0);
  const inUse: string[] = [];
  let isOver = false;
  const callers = Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      while (!isOver) {
        inUse[index] = index % 2 === 0 ? kept : current;
        count(await call(inUse[index] ?? kept));
      }
    }),
  );
  let round = 0;
  const total = () => [...counts.values()].reduce((sum, each) => sum + each, 0);
  while (total() < 2500 || round < 6) {
    round += 1;
    const write = round % 2 === 0 ? replace : rewrite;
    await write(keysOf(rotated(round - 1), rotated(round)));
    server.child.kill("SIGHUP");
    await vi.waitFor(async () => expect(await call(rotated(round))).toBe(200));
    current = rotated(round);
    // Nobody comes with the key of before any more.
    await vi.waitFor(() => expect(new Set(inUse)).toEqual(new Set([kept, current])));
  }
  isOver = true;
  await callers;
  expect([...counts.keys()]).toEqual([200]);
  expect(total()).toBeGreaterThanOrEqual(2500);
  // A connection of a key that stayed goes on, and the old key ends when it is taken out.
  expect((await socket.ask("ping")).result).toEqual({});
  socket.socket.terminate();
  await replace(keysOf(rotated(round)));
  server.child.kill("SIGHUP");
  await vi.waitFor(async () => expect(await call(rotated(round - 1))).toBe(401));
  expect(await call(current)).toBe(200);
});

test("a file that stays empty takes all keys back", async () => {
  await writeFile(path(), "");
  server.child.kill("SIGHUP");
  await vi.waitFor(async () => expect(await call(kept)).toBe(401));
});
