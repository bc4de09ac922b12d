/** `npm run standalone -- --try`: server and bridge with a stand-in for Telegram; nothing is kept. */
import { runUntilStopped } from "./ending.ts";
import { firstResult } from "./first-result.ts";

const EX_USAGE = 64;
const REAL = ["TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_TOKEN_FILE", "TELEGRAM_ALLOWED_USERS"];

const given = REAL.filter((name) => process.env[name]);
const problem =
  given.length > 0
    ? `--try sends to a stand-in for Telegram, a real bot is set by ${given.join(" and ")}: leave out the one or the other`
    : process.argv.length > 2
      ? `--try goes alone, not with ${process.argv.slice(2).join(" ")}`
      : undefined;
if (problem !== undefined) {
  console.error(problem);
  process.exit(EX_USAGE);
}

const code = await runUntilStopped(async (stage) => {
  const { failed } = await firstResult({ stage, account: undefined });
  console.log("It runs until Ctrl-C and keeps nothing. What Telegram receives is shown here.");
  const failure = await Promise.race([stage.untilStopped(), failed]);
  if (failure && !stage.signal.aborted) throw failure;
});
process.exit(code);
