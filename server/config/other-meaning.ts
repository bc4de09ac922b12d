import { namesOf } from "../../config/variable.ts";
import { variables } from "./variables.ts";

/** Variables of co8/cctelegram's deployment guides that mean something else here, each with the difference. */
const differences = Object.freeze({
  EVENTS_DIR:
    "only what other programs write there is taken: events of the server are in a queue in CC_TELEGRAM_DATA_DIR",
  RETRY_MAX_ATTEMPTS:
    "failures of the message itself, after which it is kept as refused and can be sent again; waiting and outages do not count",
  CIRCUIT_BREAKER_THRESHOLD:
    "failures in a row of one kind, whatever the message; after a pause one message finds out whether it is over",
  MESSAGE_BATCH_SIZE: "requests on their way to Telegram at the same time; each message is a request of its own",
} as const satisfies Partial<Record<keyof typeof variables, string>>);

/** What differs, by every name of the variables. */
export const otherMeaning: Readonly<Record<string, string>> = Object.freeze(
  Object.fromEntries(
    Object.entries(differences).flatMap(([name, difference]) =>
      namesOf(name, variables[name as keyof typeof differences]).map((each) => [each, difference]),
    ),
  ),
);

/** Those of an environment that are set, without their values; undefined when there are none. */
export function setWithOtherMeaning(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> | undefined {
  const set = Object.entries(otherMeaning).filter(([name]) => env[name]);
  return set.length === 0 ? undefined : Object.fromEntries(set);
}
