/** The bot and the recipients of its messages. */
export type Account = {
  readonly token: string;
  readonly users: readonly number[];
  /** Root URL of a Bot API other than Telegram's. */
  readonly apiUrl?: string;
};

/** What is missing for a real bot. */
export class AccountError extends Error {}

/** The real bot from the environment; undefined if no variable is set, an AccountError if only one is. */
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

/** What the stand-in for Telegram uses for the same variables. */
export const madeUpAccount: Account = { token: "123456789:AAExampleTokenOfABotThatDoesNotExist", users: [123_456_789] };
