import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, expect, test } from "vitest";
import { attachmentLimits } from "../../contract/attachments.ts";
import { SECRET, TOKEN, until } from "./bridge/support.ts";
import { processStage } from "./support/process-stage.ts";
import { keys, keysJson } from "./support/server.ts";

const stage = processStage("attachments");
const run = promisify(execFile);
let url = "";

beforeEach(async () => {
  const bridge = stage.start("bridge", {
    ...{ HMAC_SECRET: SECRET, BRIDGE_HOST: "127.0.0.1", BRIDGE_PORT: "0", METRICS_ENABLED: "false" },
    ...{ CC_TELEGRAM_DATA_DIR: stage.folder, TELEGRAM_API_URL: stage.telegram.url },
    ...{ TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_ALLOWED_USERS: "1" },
  });
  const server = stage.start("serve", {
    ...{ HMAC_SECRET: SECRET, BRIDGE_URL: (await bridge.logged("ready to work")).bridge ?? "" },
    ...{ MCP_API_KEYS: keysJson, MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0", METRICS_ENABLED: "false" },
    ...{ SHUTDOWN_DELAY: "0" },
  });
  url = (await server.logged("ready to work")).http ?? "";
});

async function call(args: object) {
  const headers = { "content-type": "application/json", "x-api-key": keys.all };
  const answer = await fetch(`${url}/tools/send_telegram_event`, {
    method: "POST",
    headers,
    body: JSON.stringify(args),
  });
  return { status: answer.status, body: JSON.stringify(await answer.json()) };
}

const event = { type: "custom_event", title: "Files", description: "x".repeat(16_000) };
const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("files up to the limit go with the longest text through server and bridge to Telegram, byte by byte", async () => {
  const { count, bytes } = attachmentLimits;
  const files = Array.from({ length: count }, () => randomBytes(bytes / count));
  const attachments = files.map((content, n) => ({
    ...{ kind: "document", name: `${n}.bin`, media_type: "application/octet-stream" },
    content: content.toString("base64"),
  }));
  expect(await call({ ...event, data: { attachments } })).toMatchObject({ status: 200 });
  await until("every file", () => stage.telegram.calls("sendDocument").length === count);
  const came = stage.telegram.delivered().flatMap(({ file }) => file ?? []);
  expect(came.map(({ sha256 }) => sha256)).toEqual(files.map(hashOf));
  expect(stage.telegram.violations()).toEqual([]);
});

test("what cannot be sent is refused by the tool, with words that say what to do", async () => {
  const attachments = [{ kind: "photo", url: "http://169.254.169.254/latest" }];
  const { status, body } = await call({ ...event, data: { attachments } });
  expect(status).toBe(400);
  expect(body).toContain("attachments[0]: no URL is fetched: send the file itself, as base64 in content");
  expect(stage.telegram.received()).toEqual([]);
});

test("the example sends the files that it is given", async () => {
  const path = join(stage.folder, "report.txt");
  await writeFile(path, "all is well\n");
  const env = { PATH: process.env.PATH ?? "", CCTELEGRAM_URL: url, CCTELEGRAM_API_KEY: keys.all };
  const { stdout } = await run(process.execPath, ["examples/clients/send-files.mjs", "Nightly build", path], { env });
  expect(JSON.parse(stdout)).toMatchObject({ success: true });
  await until("the file", () => stage.telegram.delivered().length === 1);
  expect(stage.telegram.delivered()[0]).toMatchObject({
    caption: expect.stringContaining("Nightly build\n\n1 file\n"),
    file: { name: "report.txt", sha256: hashOf(Buffer.from("all is well\n")) },
  });
});
