import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { blocksIn, commandsIn, commandsOf, type PageName, pageNames, patternOf, readPage } from "./blocks.ts";
import { elsewhere } from "./elsewhere.ts";

const root = join(import.meta.dirname, "../..");

test("every page is performed, but that which needs no Kubernetes", () => {
  const scenes = globSync("scenes/*.ts", { cwd: import.meta.dirname }).map((path) => basename(path, ".ts"));
  expect([...scenes, "backup"].toSorted()).toEqual([...pageNames]);
  const performed = globSync("*.cluster.test.ts", { cwd: import.meta.dirname })
    .map((path) => readFileSync(join(import.meta.dirname, path), "utf8"))
    .join("");
  expect(scenes.filter((scene) => !performed.includes(`./scenes/${scene}.ts`))).toEqual([]);
});

describe.each(elsewhere)("$page: $command is run elsewhere, because $because", ({ page, command, file, words }) => {
  test(`in ${file}`, () => {
    expect(commandsIn(page).filter(({ name }) => name.includes(command))).not.toEqual([]);
    expect(existsSync(join(root, file))).toBe(true);
    const text = readFileSync(join(root, file), "utf8");
    expect(words.filter((word) => !text.includes(word))).toEqual([]);
  });
});

test.each(pageNames)(
  "docs/%s.md has no command in a block of another language, which nobody would run",
  (page: PageName) => {
    const others = blocksIn(readPage(page)).filter((block) => commandsOf(block).length === 0);
    const suspicious = /^(\$ |kubectl|helm|npm|npx|node|git|curl|cosign|openssl|docker|source|export)\b/m;
    expect(others.filter(({ text }) => suspicious.test(text)).map(({ text }) => text)).toEqual([]);
  },
);

describe("what a page says", () => {
  const page = [
    "# Title",
    "```sh",
    "one --with \\",
    "  more |",
    "  two",
    "# not a command",
    "three",
    "```",
    "## Part",
    "- item:",
    "",
    "  ```console",
    "  $ four",
    "  NAME   AGE",
    "  team-mcp-server-6d5f7c9b8-x2x4q   12m",
    "  ```",
    "```text",
    "five",
    "```",
  ].join("\n");

  test("is taken as commands with the heading above and the output below them", () => {
    expect(blocksIn(page).flatMap(commandsOf)).toEqual([
      { name: "Title › one --with \\ more | two", line: 3, text: "one --with \\\n  more |\n  two", shown: [] },
      { name: "Title › three", line: 7, text: "three", shown: [] },
      {
        name: "Part › four",
        line: 13,
        text: "four",
        shown: ["NAME   AGE", "team-mcp-server-6d5f7c9b8-x2x4q   12m"],
      },
    ]);
  });

  test("a command that its block cuts off is an error", () => {
    expect(() => blocksIn("```sh\none \\\n```").flatMap(commandsOf)).toThrow("after the end of its block: one \\");
  });

  test("is the same at another time, and nothing else", () => {
    const pattern = patternOf("team-mcp-server-6d5f7c9b8-x2x4q   ready (1/1)   12m");
    expect("team-mcp-server-77f-abcde ready (1/1)  2h5m").toMatch(pattern);
    expect("team-mcp-server-77f-abcde ready (0/1)  2h5m").not.toMatch(pattern);
    expect("another, team-mcp-server-77f-abcde ready (1/1)  2h").not.toMatch(pattern);
    expect("cctelegram-report-team-20301231-235959.tar.gz").toMatch(
      patternOf("cctelegram-report-team-20260101-120000.tar.gz"),
    );
  });
});
