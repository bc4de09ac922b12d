import { expect, test } from "vitest";
import { findInterpreter } from "./python-environment.ts";

/** A machine with these interpreters: what each prints, or the error when it cannot. */
const machine = (interpreters: Readonly<Record<string, string | Error>>) => async (command: string) => {
  const answer = interpreters[command] ?? new Error(`${command} cannot be run: spawn ${command} ENOENT`);
  if (answer instanceof Error) throw answer;
  return answer;
};

const noVenv = new Error("python3 -c ... ended with 1:\nModuleNotFoundError: No module named 'ensurepip'");

test("the first Python that is new enough and can make virtual environments is taken", async () => {
  const execute = machine({ a: '["/opt/a", 3, 10]', b: noVenv, c: '["/usr/bin/python3.13", 3, 13]' });
  const found = await findInterpreter(["a", "b", "c", "d"], execute);
  expect(found).toEqual({ path: "/usr/bin/python3.13", version: [3, 13] });
});

test("without one, the reason says what each lacks, and what to install", async () => {
  const found = await findInterpreter(["a", "b", "c"], machine({ a: '["/opt/a", 3, 9]', b: noVenv }));
  expect(found).toEqual({
    obstacle:
      "no Python 3.11 or newer with venv; on Debian, install python3-venv " +
      "(a is 3.9; ModuleNotFoundError: No module named 'ensurepip'; c cannot be run: spawn c ENOENT)",
  });
});
