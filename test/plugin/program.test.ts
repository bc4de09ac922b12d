import { describe, expect, test } from "vitest";
import { commands } from "../../plugin/commands/registry.ts";
import { exitCodes } from "../../plugin/exit-codes.ts";
import { type Parsed, program } from "../../plugin/program.ts";
import { readPage } from "../pages/blocks.ts";
import { runPlugin } from "./support/command-line.ts";

async function parsed(...words: string[]): Promise<Parsed> {
  let seen: Parsed | undefined;
  const onCommand = async (given: Parsed) => {
    seen = given;
  };
  await program(onCommand, { out: () => {}, err: () => {} }).parseAsync(words, { from: "user" });
  return seen!;
}

/** Command lines in the text of the plugin's page; those of its blocks are run. */
const inText = [...readPage("kubectl-plugin").matchAll(/`([a-z]+(?: [^`\n]+)+)`/g)]
  .map(([, line = ""]) => line)
  .filter((line) => commands.some(({ path }) => `${line} `.startsWith(`${path.join(" ")} `)));

test.each(inText)("%s, which docs/kubectl-plugin.md names, is taken", async (line) => {
  const { command } = await parsed(...line.split(" "));
  expect(`${line} `).toContain(`${command.path.join(" ")} `);
});

test("docs/kubectl-plugin.md names a dozen command lines in its text", () => {
  expect(inText.length).toBeGreaterThan(11);
});

describe("a command line", () => {
  test("has its options before or after the command", async () => {
    for (const words of [
      ["-n", "notes", "keys", "list", "team"],
      ["keys", "-n", "notes", "list", "team"],
      ["keys", "list", "team", "-n", "notes"],
    ]) {
      const { command, input, common } = await parsed(...words);
      expect([command.path, input.argument("resource"), common.namespace]).toEqual([["keys", "list"], "team", "notes"]);
    }
  });

  test("gives values, several of one, defaults, and what is turned off", async () => {
    const { input } = await parsed(
      "keys",
      "create",
      "team",
      "ci",
      "--permission",
      "a",
      "--permission",
      "b",
      "--requests",
      "5",
    );
    expect([input.many("permission"), input.number("requests"), input.duration("timeout")]).toEqual([
      ["a", "b"],
      5,
      60_000,
    ]);
    const backup = async (...more: string[]) => (await parsed("backup", "team", ...more)).input;
    expect([(await backup()).flag("no-wait"), (await backup("--no-wait")).flag("no-wait")]).toEqual([false, true]);
    expect((await parsed("queue", "retry", "team", "1", "2")).input.many("message")).toEqual(["1", "2"]);
  });

  test("that is wrong ends with 2 and says what is meant", async () => {
    for (const [words, said] of [
      [["statis"], "Did you mean status?"],
      [["status", "--wat"], "unknown option '--wat'"],
      [["keys", "rotate", "team"], "missing required argument 'client'"],
      [["status", "-o", "xml"], "Allowed choices are json, yaml, wide"],
      [["completion", "csh"], "must be bash, zsh, fish"],
    ] as const) {
      const { code, stdout, stderr } = await runPlugin(words);
      expect({ words, code, stdout }).toEqual({ words, code: exitCodes.usage, stdout: "" });
      expect(stderr).toContain(said);
    }
  });

  test("that asks for help ends well, and help goes where results go", async () => {
    const { code, stdout, stderr } = await runPlugin(["queue", "retry", "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("kubectl cctelegram queue retry team 17");
  });
});
