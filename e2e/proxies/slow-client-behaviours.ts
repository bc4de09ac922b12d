import { beforeAll, expect, test } from "vitest";
import type { Caller } from "./caller.ts";
import type { Stage } from "./stage.ts";

/** An incomplete request: what is sent at once, and what every second. */
const slow = {
  "the headers": { head: "GET /health HTTP/1.1\r\nHost: mcp.example.com\r\nX-Slow: ", next: "x" },
  "the body": {
    head: "POST /tools/x HTTP/1.1\r\nHost: mcp.example.com\r\nContent-Length: 9\r\n\r\n{",
    next: "",
  },
};

type Slow = keyof typeof slow;

/** Slow clients start before everything else and are checked after it, so that the test waits for them only once. */
export function slowClientBehaviours(stage: Stage): void {
  let endings: ReadonlyMap<Slow, Promise<{ seconds: number; text: string }>>;
  const names = Object.keys(slow) as Slow[];

  beforeAll(() => {
    endings = new Map(names.map((name) => [name, requestSlowly(stage.visitor(), slow[name])]));
  });

  test.each(names)("who sends %s slowly is cut off", async (name) => {
    const { seconds, text } = (await endings.get(name)) ?? { seconds: Number.NaN, text: "" };
    expect(seconds).toBeGreaterThan(5);
    expect(seconds).toBeLessThan(15);
    expect(text).toMatch(/^$|^HTTP\/1\.1 408 /);
  });
}

async function requestSlowly({ open }: Caller, { head, next }: (typeof slow)[Slow]) {
  const socket = await open();
  const started = performance.now();
  let text = "";
  socket.on("data", (part) => {
    text += part;
  });
  socket.write(head);
  const trickle = setInterval(() => socket.write(next), 1_000);
  await new Promise((resolve) => socket.once("close", resolve));
  clearInterval(trickle);
  return { seconds: (performance.now() - started) / 1_000, text };
}
