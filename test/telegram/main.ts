/**
 * The strict fake Bot API as a process.
 *
 *   PORT             port to listen on (default 8081)
 *   HOST             address to listen on (default 0.0.0.0)
 *   TELEGRAM_TOKENS  tokens that exist, separated by commas (default: every well-formed token)
 *
 * `GET /log` lists what was received, `POST /control` plans faults (see `Control`), `GET /health` answers 200.
 */
import { startTelegram } from "./telegram.ts";

const { PORT = "8081", HOST = "0.0.0.0", TELEGRAM_TOKENS = "" } = process.env;

const telegram = await startTelegram({
  port: Number(PORT),
  host: HOST,
  tokens: TELEGRAM_TOKENS.split(",").filter((token) => token !== ""),
});

console.log(JSON.stringify({ msg: "fake Bot API listens", url: telegram.url }));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => telegram.close().then(() => process.exit(0)));
}
