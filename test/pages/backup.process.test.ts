import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { eventOf, freePort, signedFetch } from "../server/bridge/support.ts";
import { processStage } from "../server/support/process-stage.ts";
import { commandsIn } from "./blocks.ts";

const stage = processStage("page-backup");
const main = join(import.meta.dirname, "../../server/main.ts");

test("the commands of docs/backup.md keep the messages of a server without Kubernetes and restore them", async () => {
  const port = await freePort();
  const here = (path: string) => join(stage.folder, path);
  await Promise.all(
    ["etc/cctelegram", "var/backups/cctelegram", "var/lib", "dist/server"].map((path) =>
      mkdir(here(path), { recursive: true }),
    ),
  );
  await writeFile(here("dist/server/main.js"), `await import(${JSON.stringify(pathToFileURL(main).href)});`);
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: stage.folder,
    TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
    TELEGRAM_ALLOWED_USERS: "1001",
    TELEGRAM_API_URL: stage.telegram.url,
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
    TERMINATION_LOG: here("words"),
  };
  /** In a shell of its own; the paths of the machine are in the test's folder. */
  const bash = (script: string) => {
    const text = script
      .replaceAll("9001", `${port}`)
      .replace(/\/(etc|var)\/(?=cctelegram|backups|lib)/g, `${stage.folder}/$1/`);
    const child = spawn("bash", ["-euo", "pipefail", "-c", text], { cwd: stage.folder, env, stdio: "pipe" });
    return { child, ended: ended(child) };
  };
  const [secret, standalone, exports, backup, restore, ...others] = commandsIn("backup").map(({ text }) => text);
  expect(others).toEqual([]);
  await bash(secret ?? "").ended;

  const server = bash(`exec env ${standalone}`);
  onTestFinished(async () => {
    server.child.kill("SIGKILL");
    await server.ended.catch(() => undefined);
  });
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => expect((await fetch(`${url}/health`)).ok).toBe(true), 60_000);
  const key = (await readFile(here("etc/cctelegram/hmac"), "utf8")).trim();
  expect((await signedFetch(`${url}/events`, "POST", JSON.stringify(eventOf("kept")), key)).status).toBe(202);

  await bash(`${exports}\n${backup}`).ended;
  const archives = await readdir(here("var/backups/cctelegram/cctelegram"));
  const [archive] = archives.filter((name) => name.endsWith(".cctb"));
  expect(archives.toSorted()).toEqual([archive, `${archive}.sha256`]);
  await bash("cd /var/backups/cctelegram/cctelegram && sha256sum --check *.sha256").ended;

  server.child.kill("SIGTERM");
  await server.ended.catch(() => undefined);
  await bash((restore ?? "").replace("NAME.cctb", archive ?? "")).ended;
  const db = new DatabaseSync(here("var/lib/cctelegram/queue.sqlite"), { readOnly: true });
  expect(db.prepare("SELECT event_id FROM events").all()).toEqual([{ event_id: "kept" }]);
  db.close();
});

async function ended(child: ChildProcess): Promise<void> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`ended with ${code}:\n${output}`);
}
