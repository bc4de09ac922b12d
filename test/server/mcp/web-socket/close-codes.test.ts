import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { closeCodes } from "../../../../server/mcp/transports/web-socket/close-codes.ts";

test("every close code stands in docs/websocket.md with its reason and meaning, and no other", () => {
  const page = readFileSync(new URL("../../../../docs/websocket.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("## Close codes"), page.indexOf("## When a server stops"));
  const rows = [...section.matchAll(/^\| (\d+) +\| (.*?) +\| (.*?) +\|$/gm)].map(([, code, reason, meaning]) => ({
    code: Number(code),
    reason,
    meaning,
  }));
  expect(rows).toEqual(Object.values(closeCodes));
});

test("codes are those that a server may send, each once, and reasons fit into a close frame", () => {
  const all = Object.values(closeCodes);
  expect(new Set(all.map(({ code }) => code)).size).toBe(all.length);
  for (const { code, reason } of all) {
    expect((code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 4000 && code < 5000)).toBe(
      true,
    );
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  }
});
