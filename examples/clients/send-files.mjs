// Sends files with a message, the first picture as what people see:
//
//   CCTELEGRAM_URL=http://127.0.0.1:8080 CCTELEGRAM_API_KEY=... node send-files.mjs "Nightly build" chart.png report.pdf
import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";

const { CCTELEGRAM_URL: url, CCTELEGRAM_API_KEY: key } = process.env;
const [title, ...paths] = process.argv.slice(2);
if (!url || !key || !title || paths.length === 0) {
  console.error("usage: CCTELEGRAM_URL=... CCTELEGRAM_API_KEY=... node send-files.mjs TITLE FILE...");
  process.exit(2);
}

const photos = { ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp" };

async function attachmentOf(path) {
  const photo = photos[extname(path).toLowerCase()];
  return {
    kind: photo === undefined ? "document" : "photo",
    name: basename(path),
    media_type: photo ?? "application/octet-stream",
    content: (await readFile(path)).toString("base64"),
  };
}

const answer = await fetch(new URL("/tools/send_telegram_event", url), {
  method: "POST",
  headers: { "content-type": "application/json", "x-api-key": key },
  body: JSON.stringify({
    type: "custom_event",
    title,
    description: `${paths.length} file${paths.length === 1 ? "" : "s"}`,
    data: { attachments: await Promise.all(paths.map(attachmentOf)) },
  }),
});
console.log(await answer.text());
process.exitCode = answer.ok ? 0 : 1;
