import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { identify } from "../../e2e/cluster/process-identity.ts";
import { CommandError, endCommands, run } from "../../machine/command.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "command-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const shell = (script: string) => ["-c", script] as const;

describe("a command", () => {
  test("gives its output, reads its input, and tells its lines as they come", async () => {
    const lines: string[] = [];
    const status: string[] = [];
    const script = "cat; printf 'one\\ntw' >&2; sleep 0.1; printf 'o\\nthree' >&2; echo 50% >&3";
    const options = {
      input: "in",
      onErrorLine: (line: string) => void lines.push(line),
      onStatusLine: (line: string) => void status.push(line),
    };
    expect(await run("sh", shell(script), options)).toBe("in");
    expect({ lines, status }).toEqual({ lines: ["one", "two", "three"], status: ["50%"] });
  });

  test("that fails says how, with the end of what it wrote", async () => {
    const error = await run("sh", shell("echo first; seq 1 30 >&2; exit 3")).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CommandError);
    expect((error as Error).message).toMatch(/ended with 3:\n19\n[\s\S]*\n30$/);
    expect((error as CommandError).output).toContain("first\n");
  });

  test("that is not there says so", async () => {
    await expect(run("no-such-command", [])).rejects.toThrow("no-such-command cannot be run");
  });
});

/** Resolves once the command has written the file. */
const started = (file: string) => vi.waitFor(() => expect(existsSync(file)).toBe(true));

const isAlive = (pid: string) => identify(Number(pid)) !== undefined;

describe("the end of this program", () => {
  test("ends a command with all that it has started", async () => {
    const file = join(folder, "pid");
    const ended = run("sh", shell(`sleep 600 & echo $! > ${file}; wait`), { group: true }).catch((error) => error);
    await started(file);
    await endCommands();
    expect(String(await ended)).toContain("SIGINT");
    await vi.waitFor(() => expect(isAlive(readFileSync(file, "utf8"))).toBe(false));
  });

  test("kills what does not listen", async () => {
    const file = join(folder, "ready");
    const script = `trap '' INT; touch ${file}; while true; do sleep 0.1; done`;
    const ended = run("sh", shell(script), { group: true }).catch((error) => error);
    await started(file);
    await endCommands();
    expect(String(await ended)).toContain("SIGKILL");
  });

  test("waits for what must not be killed in the middle, and says for what", async () => {
    const file = join(folder, "ready");
    const told = join(folder, "told");
    const end = `until test -e ${told}; do sleep 0.1; done; touch ${folder}/whole; exit 0`;
    const script = `trap '${end}' INT; touch ${file}; while true; do sleep 0.1; done`;
    const ended = run("sh", shell(script), { group: true, patient: true });
    await started(file);
    const waits: string[] = [];
    await endCommands((names) => {
      waits.push(names);
      writeFileSync(told, "");
    });
    await ended;
    expect({ waits, whole: existsSync(join(folder, "whole")) }).toEqual({ waits: ["sh"], whole: true });
  });

  test("leaves no command behind, however it ends itself", async () => {
    const file = join(folder, "pid");
    const program = `
      import { run } from ${JSON.stringify(join(import.meta.dirname, "../../machine/command.mjs"))};
      import { existsSync } from "node:fs";
      run("sh", ["-c", "sleep 600 & echo $! > ${file}; wait"], { group: true });
      setInterval(() => existsSync("${file}") && process.exit(1), 20);
    `;
    await run(process.execPath, ["--input-type=module", "--eval", program]).catch(() => undefined);
    await vi.waitFor(() => expect(isAlive(readFileSync(file, "utf8"))).toBe(false));
  });
});
