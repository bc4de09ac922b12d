import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pingIntervalMs } from "../../../../server/mcp/transports/web-socket/open-web-sockets.ts";

const file = (name: string) =>
  readFileSync(join(import.meta.dirname, "../../../../docs/proxies", name), "utf8").split("\n");

/** The lines from one that begins so to the next one that ends the part. */
function part(lines: readonly string[], begin: string, end: RegExp): readonly string[] {
  const from = lines.findIndex((line) => line.trim().startsWith(begin));
  const length = lines.slice(from + 1).findIndex((line) => end.test(line));
  return from < 0 ? [] : lines.slice(from, from + 1 + length);
}

const nginx = part(file("nginx.conf"), "location ~ ^/mcp", /^ {4}\}/);
const haproxy = file("haproxy.cfg");
const defaults = part(haproxy, "defaults", /^\S/);
const frontend = part(haproxy, "frontend cctelegram", /^\S/);
const backend = part(haproxy, "backend cctelegram_mcp", /^\S/);

/** Every time after which a file lets a quiet WebSocket, or a stream, go. */
const timeouts: readonly [name: string, lines: readonly string[], setting: string][] = [
  ["nginx: reading from the server", nginx, "proxy_read_timeout"],
  ["nginx: sending to the server", nginx, "proxy_send_timeout"],
  ["HAProxy: both ways of a WebSocket", defaults, "timeout tunnel"],
  ["HAProxy: from the client", frontend, "timeout client"],
  ["HAProxy: from the server", backend, "timeout server"],
];

describe("the time-outs of docs/proxies on /mcp", () => {
  test.each(timeouts)("%s: the guide's 300 s of silence, in which several pings come", (_name, lines, setting) => {
    const found = lines.map((line) => line.trim()).filter((line) => line.startsWith(`${setting} `));
    expect(found).toHaveLength(1);
    const seconds = Number(/ (\d+)s;?$/.exec(found[0] ?? "")?.[1]);
    expect(seconds).toBe(300);
    // One may be lost, and a client that answers none of two is cut by the server itself.
    expect(seconds * 1_000).toBeGreaterThan(3 * pingIntervalMs);
  });
});
