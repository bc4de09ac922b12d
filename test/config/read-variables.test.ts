import { describe, expect, test } from "vitest";
import * as z from "zod";
import { readVariables } from "../../config/read-variables.ts";
import { integer, list } from "../../config/schemas.ts";
import type { Table } from "../../config/variable.ts";

const secret = z.string().min(8, "at least 8 characters");

const table = {
  SIZE: { schema: integer(1, 9), default: { one: "1", two: "2" }, description: "Size.", example: "3" },
  NAMES: { schema: list, default: "", description: "Names.", example: "a,b" },
  OWN: {
    roles: ["one"],
    schema: secret,
    required: ["one"],
    file: "content",
    aliases: [{ name: "OLD", convert: (text: string) => text.toUpperCase() }],
    description: "Own.",
    example: "x",
  },
  LAST: { schema: secret, file: "followed if any", description: "Last.", example: "x" },
  TOKEN: { schema: secret, file: "followed", aliases: [{ name: "BOT" }], description: "Token.", example: "x" },
  KEYS: { schema: secret, file: "path", description: "Keys.", example: "x" },
} as const satisfies Table<"one" | "two">;

const files: Readonly<Record<string, string>> = { "/long": "long-enough\n", "/short": "short", "/empty": "\n" };

const read = (env: Record<string, string>, role = "two") =>
  readVariables(table, role, {
    env,
    readFile: (path) => {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return content;
    },
  });

const problemsOf = (env: Record<string, string>, role?: string) =>
  read(env, role).problems.map(({ variable, problem }) => `${variable} ${problem}`);

describe("reading variables", () => {
  test("gives defaults by role, and nothing for what is not set or not of the role", () => {
    expect(read({ OWN: "not-of-this-role" }).values).toEqual({ SIZE: 2, NAMES: [] });
    expect(read({ OWN: "own-secret" }, "one").values).toEqual({ SIZE: 1, NAMES: [], OWN: "own-secret" });
    expect(problemsOf({}, "one")).toEqual(["OWN is missing"]);
  });

  test.each<[string, Record<string, string>, unknown]>([
    ["content: the trimmed content", { OWN_FILE: "/long" }, { OWN: "long-enough" }],
    [
      "followed if any: the content and the path",
      { LAST_FILE: "/long" },
      { LAST: { value: "long-enough", path: "/long" } },
    ],
    ["followed if any: the path of an absent file", { LAST_FILE: "/absent" }, { LAST: { path: "/absent" } }],
    ["followed if any: the path of an empty file", { LAST_FILE: "/empty" }, { LAST: { path: "/empty" } }],
    ["followed: content and path", { TOKEN_FILE: "/long" }, { TOKEN: { value: "long-enough", path: "/long" } }],
    ["followed: the value alone", { TOKEN: "as-it-stands" }, { TOKEN: { value: "as-it-stands" } }],
    ["followed: the value of an alias", { BOT: "as-it-stands" }, { TOKEN: { value: "as-it-stands" } }],
    ["followed: the file of an alias", { BOT_FILE: "/long" }, { TOKEN: { value: "long-enough", path: "/long" } }],
    ["content: the file of an alias, in the variable's unit", { OLD_FILE: "/long" }, { OWN: "LONG-ENOUGH" }],
    ["path: the path of a file that nobody looks at", { KEYS_FILE: "/absent" }, { KEYS: { path: "/absent" } }],
    ["path: the value", { KEYS: "as-it-stands" }, { KEYS: { value: "as-it-stands" } }],
  ])("hands on by the form of the file: %s", (_form, env, expected) => {
    const own = { OWN: "own-secret" };
    const hasOwn = "OWN_FILE" in env || "OLD_FILE" in env;
    const { values, problems } = read({ ...(hasOwn ? {} : own), ...env }, "one");
    expect(problems).toEqual([]);
    expect(values).toEqual({ SIZE: 1, NAMES: [], ...(hasOwn ? {} : own), ...(expected as object) });
  });

  test.each<[string, Record<string, string>, string]>([
    ["content", { OWN_FILE: "/absent" }, "OWN cannot be read from the file that OWN_FILE names (ENOENT)"],
    ["empty content", { OWN_FILE: "/empty" }, "OWN is missing"],
    ["content that does not do", { OWN_FILE: "/short" }, "OWN is not usable"],
    ["followed", { TOKEN_FILE: "/absent" }, "TOKEN cannot be read from the file that TOKEN_FILE names (ENOENT)"],
    [
      "followed, of an alias",
      { BOT_FILE: "/absent" },
      "TOKEN cannot be read from the file that BOT_FILE names (ENOENT)",
    ],
    ["followed that does not do", { TOKEN_FILE: "/short" }, "TOKEN is not usable"],
    ["if any, that does not do", { LAST_FILE: "/short" }, "LAST is not usable"],
  ])("refuses a file whose content is needed and is not there: %s", (_form, env, problem) => {
    expect(problemsOf({ ...("OWN_FILE" in env ? {} : { OWN: "own-secret" }), ...env }, "one")).toEqual([problem]);
  });

  test("refuses two ways at once, also when one of them is another name: which counts would be a guess", () => {
    expect(problemsOf({ KEYS: "as-it-stands", KEYS_FILE: "/long" })).toEqual([
      "KEYS is set together with KEYS_FILE; set only one",
    ]);
    expect(problemsOf({ BOT: "as-it-stands", TOKEN_FILE: "/long" })).toEqual([
      "TOKEN is set as BOT together with TOKEN_FILE; set only one",
    ]);
    expect(problemsOf({ BOT_FILE: "/long", TOKEN_FILE: "/long" })).toEqual([
      "TOKEN is set as BOT_FILE together with TOKEN_FILE; set only one",
    ]);
    expect(problemsOf({ TOKEN: "as-it-stands", BOT_FILE: "/long" })).toEqual([
      "TOKEN is set together with BOT_FILE; set only one",
    ]);
    expect(problemsOf({ KEYS: "", KEYS_FILE: "/long" })).toEqual([]);
  });

  test("refuses a path that would write on a terminal", () => {
    expect(problemsOf({ KEYS_FILE: "/long\u001b[2J" })).toEqual(["KEYS has a KEYS_FILE with control characters"]);
  });

  test("shows no value in its problems", () => {
    const { problems } = read({ TOKEN: "hunter2", SIZE: "hunter2", KEYS: "hunter2" });
    expect(problems).toHaveLength(3);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });
});
