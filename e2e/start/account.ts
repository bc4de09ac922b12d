/** The bot and the people that messages go to. */
export type Account = {
  readonly token: string;
  readonly users: readonly number[];
  /** Root of another Bot API than Telegram's own. */
  readonly apiUrl?: string;
};

/** Says what is missing of a real bot. */
export class AccountError extends Error {}

/** The real bot of the environment; undefined when nothing of one is set, an AccountError when it is half set. */
export function accountOf({
  TELEGRAM_BOT_TOKEN: token,
  TELEGRAM_ALLOWED_USERS: users,
  TELEGRAM_API_URL: apiUrl,
}: NodeJS.ProcessEnv): Account | undefined {
  if (!token && !users) return undefined;
  const ids = (users ?? "").split(",").map((id) => Number(id.trim()));
  if (token && ids.every((id) => Number.isSafeInteger(id) && id > 0)) {
    return { token, users: ids, ...(apiUrl ? { apiUrl } : {}) };
  }
  throw new AccountError(
    "For the real Telegram set both: TELEGRAM_BOT_TOKEN=123456:ABC… TELEGRAM_ALLOWED_USERS=123456789,987654321",
  );
}

/** What the stand-in for Telegram knows by the same names. */
export const madeUpAccount: Account = { token: "123456789:AAExampleTokenOfABotThatDoesNotExist", users: [123_456_789] };
