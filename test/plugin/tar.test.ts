import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { tar } from "../../plugin/report/tar.ts";

const at = Date.parse("2026-01-01T00:00:00Z");
const entries = [
  { path: "folder/empty.txt", content: "" },
  { path: "folder/öäü.txt", content: "größer\n" },
  { path: `folder/${"n".repeat(60)}/${"m".repeat(90)}`, content: "x".repeat(1_000) },
];

test("an archive is what tar reads, with names, contents and times", () => {
  const input = tar(entries, at);
  const list = execFileSync("tar", ["-tvf", "-", "--utc"], {
    input,
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  expect(list.trim().split("\n")).toHaveLength(3);
  expect(list).toMatch(/^-rw------- .* 2026-01-01 00:00 folder\/empty\.txt$/m);
  const read = (path: string) => execFileSync("tar", ["-xOf", "-", path], { input, encoding: "utf8" });
  for (const { path, content } of entries) expect(read(path)).toBe(content);
});

test("a name that does not fit is refused, not cut", () => {
  expect(() => tar([{ path: "n".repeat(101), content: "" }], at)).toThrow(/too long/);
});
