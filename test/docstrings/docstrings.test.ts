import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Documented, documented, exportsOf, moduleOf, runs } from "./examples.ts";

const root = join(import.meta.dirname, "../..");
const given = "test/docstrings/given.ts";
const run = promisify(execFile);

/** Folders whose exports others use: every function and class has an example. */
const folders = ["config", "contract", "operator/runtime"];

const works = mkdtempSync(join(tmpdir(), "cctelegram-docstrings-"));
// For packages that examples import.
symlinkSync(join(root, "node_modules"), join(works, "node_modules"));
afterAll(() => rmSync(works, { recursive: true, force: true }));

describe.each(folders)("%s", (folder) => {
  const all = documented(root, folder);
  const exported = exportsOf(root, folder, given);
  const modules = all.flatMap(({ example, ...at }) =>
    example ? [{ ...at, example, ...moduleOf(example, exported) }] : [],
  );
  const pathOf = ({ name }: Pick<Documented, "name">) => join(works, `${folder.replaceAll("/", "-")}-${name}.ts`);
  let complaints = "";

  beforeAll(async () => {
    for (const module of modules) writeFileSync(pathOf(module), module.text);
    complaints = await compile();
  });

  test("has something that others may call", () => {
    expect(all.length).toBeGreaterThan(5);
  });

  test.each(all)("$name has an example", ({ file, line, name, example }) => {
    expect(example, `${file}:${line}: ${name} has no @example with a fence of ts`).toBeDefined();
  });

  test.each(modules)("the example of $name compiles", (module) => {
    expect(inOurLines(complaints, module)).toEqual([]);
  });

  test.each(modules.filter(({ example, imported }) => runs(example, imported, given)))(
    "the example of $name gives what it says",
    async (module) => {
      await run(process.execPath, [pathOf(module)]);
    },
  );

  /** Complaints of the compiler about the example, by line of the file that it stands in. */
  function inOurLines(output: string, module: (typeof modules)[number]): string[] {
    return output.split("\n").flatMap((line) => {
      const [, path = "", number = "", text = ""] = /^(.+)\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
      if (basename(path) !== basename(pathOf(module))) return [];
      return [`${module.file}:${module.example.line + Number(number) - 2}: ${text}`];
    });
  }
});

test("an example that is wrong is found", async () => {
  const exported = exportsOf(root, "operator/runtime", given);
  const wrong = moduleOf({ line: 1, code: "isNewer(1000, 999); // => true" }, exported);
  writeFileSync(join(works, "wrong.ts"), wrong.text);
  expect(await compile()).toMatch(/wrong\.ts\(2,\d+\): error TS2345/);
  rmSync(join(works, "wrong.ts"));
  const untrue = moduleOf({ line: 1, code: 'isNewer("1", "2"); // => true' }, exported);
  writeFileSync(join(works, "untrue.ts"), untrue.text);
  await expect(run(process.execPath, [join(works, "untrue.ts")])).rejects.toThrow(/'false' !== 'true'|strictly equal/);
  rmSync(join(works, "untrue.ts"));
});

/** Errors of the project's compiler for all modules, with the project's options. */
async function compile(): Promise<string> {
  const compilerOptions = {
    typeRoots: [join(root, "node_modules/@types")],
    verbatimModuleSyntax: false,
    isolatedModules: false,
  };
  const project = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["*.ts"] };
  writeFileSync(join(works, "package.json"), '{ "type": "module" }');
  writeFileSync(join(works, "tsconfig.json"), JSON.stringify(project));
  const compiler = join(root, "node_modules/.bin/tsc");
  return run(compiler, ["-p", works, "--pretty", "false"]).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}
