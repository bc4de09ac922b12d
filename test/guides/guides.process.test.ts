import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tools } from "../../server/tools/registry.ts";
import { commands, type GuideCommand, type GuideName, type Runnable } from "./commands.ts";
import { type Places, startPlaces } from "./places.ts";

const guides = process.env.CCTELEGRAM_GUIDES ?? join(import.meta.dirname, "../../../shared/seeds");
const titles: Readonly<Record<GuideName, RegExp>> = {
  enterprise: /^# .*Enterprise Deployment Guide/m,
  production: /^# .*Production Deployment Guide/m,
};

const isRunnable = (command: GuideCommand): command is GuideCommand & Runnable => "places" in command;
const runnable = commands.filter(isRunnable);
const isBuilt = ({ tool }: Runnable) => tool === undefined || tools.has(tool);
const nameOf = ({ guide, line, text }: GuideCommand) => `${guide}:${line} ${text.split("\n")[0]?.trim()}`;

let places: Places;
beforeAll(async () => {
  places = await startPlaces();
});
afterAll(() => places?.[Symbol.asyncDispose]());

/** The command as a script, with the ports of this test in place of those that it names. */
function scriptOf({ text, script = (whole) => whole, places: named }: GuideCommand & Runnable): string {
  return Object.entries(named).reduce(
    (whole, [port, place]) =>
      whole.replace(new RegExp(`localhost([:/])${port}`, "g"), `127.0.0.1$1${places.ports[place]}`),
    script(text),
  );
}

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

async function bash(command: GuideCommand & Runnable, path: string): Promise<Ran> {
  const { argument } = command;
  const place = argument === undefined ? undefined : command.places[argument];
  const args = place === undefined ? [] : [places.ports[place]];
  const child = spawn("bash", ["-c", scriptOf(command), "guide", ...args], {
    cwd: places.folder,
    env: { PATH: path, ...places.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

const path = process.env.PATH ?? "";
const hasCurl = path.split(delimiter).some((folder) => existsSync(join(folder, "curl")));

/** PATH with our own curl before the machine's. */
async function pathWithOwnCurl(): Promise<string> {
  const folder = join(places.folder, "bin");
  await mkdir(folder, { recursive: true });
  const file = join(folder, "curl");
  await writeFile(file, `#!/bin/sh\nexec "${process.execPath}" "${join(import.meta.dirname, "curl.ts")}" "$@"\n`);
  await chmod(file, 0o755);
  return `${folder}${delimiter}${path}`;
}

describe.each(hasCurl ? ["the machine's curl", "our curl"] : ["our curl"])("with %s", (which) => {
  test.each(runnable.filter(isBuilt).map((command) => [nameOf(command), command] as const))(
    "%s",
    async (_name, command) => {
      const { code, stdout, stderr } = await bash(command, which === "our curl" ? await pathWithOwnCurl() : path);
      expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: expect.stringMatching(command.prints) });
    },
  );

  test("a command fails if nobody is there, or the answer is an error", async () => {
    const own = which === "our curl" ? await pathWithOwnCurl() : path;
    const check = runnable.find(({ guide, line }) => guide === "production" && line === 425);
    if (check === undefined) throw new Error("the check is not in the table");
    const codeOf = async (text: string) => (await bash({ ...check, text }, own)).code;
    expect(await codeOf("  CMD curl -f http://localhost:8080/nothing || exit 1")).toBe(1);
    expect(await codeOf("  CMD curl -f http://127.0.0.1:9/health || exit 1")).toBe(1);
  });
});

test("what is not run has its reason", () => {
  const notOurs = commands.flatMap((command) =>
    "notOurs" in command ? [`${nameOf(command)}: ${command.notOurs}`] : [],
  );
  const waiting = runnable
    .filter((command) => !isBuilt(command))
    .map((command) => `${nameOf(command)}: there is no tool ${command.tool} yet`);
  console.info([`${runnable.length - waiting.length} commands of the guides run`, ...waiting, ...notOurs].join("\n"));
  expect(runnable.length + notOurs.length).toBe(commands.length);
  expect(runnable.length).toBeGreaterThan(15);
});

/** The lines of a guide that ask a server for something, with what continues them. */
function requestsIn(guide: string): { line: number; text: string }[] {
  const lines = guide.split("\n");
  return lines.flatMap((text, index) => {
    if (!/\b(?:curl|wget|nc|netcat|httpchk)\b/.test(text)) return [];
    const whole = [text];
    while (whole.at(-1)?.endsWith("\\")) whole.push(lines[index + whole.length] ?? "");
    return [{ line: index + 1, text: whole.join("\n") }];
  });
}

test.for(Object.keys(titles) as GuideName[])(
  "the table has each request of the %s guide as written",
  (name, { skip }) => {
    const texts = globSync("*.txt", { cwd: guides }).map((file) => readFileSync(join(guides, file), "utf8"));
    const guide = texts.find((text) => titles[name].test(text));
    if (guide === undefined) {
      const reason = `the guides are not in ${guides}; CCTELEGRAM_GUIDES names another folder`;
      console.info(`skipped: ${reason}`);
      return skip(reason);
    }
    const own = commands.filter((command) => command.guide === name);
    const lines = guide.split("\n");
    for (const { line, text } of own) {
      expect(lines.slice(line - 1, line - 1 + text.split("\n").length).join("\n")).toBe(text);
    }
    const requests = requestsIn(guide);
    const isInTable = ({ line, text }: { line: number; text: string }) =>
      own.some((command) => command.line <= line && command.text.includes(text));
    expect(requests.filter((request) => !isInTable(request))).toEqual([]);
    expect(requests.length).toBe(own.length);
  },
);
