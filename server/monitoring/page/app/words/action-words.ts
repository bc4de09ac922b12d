import type { Action, Overview } from "../../../../../contract/monitoring.ts";
import { countText, numberText } from "./numbers.ts";
import { visibleText } from "./visible-text.ts";

type Words = {
  readonly title: string;
  /** What will happen, in sentences. */
  readonly effect: readonly string[];
  /** The word on the button. */
  readonly verb: string;
  readonly isDangerous?: true;
};

type WordsOf = {
  readonly [Name in Action["action"]]: (action: Extract<Action, { action: Name }>, overview: Overview) => Words;
};

const stateOf = ({ bridge }: Overview) => (bridge.reachable ? bridge.state : undefined);

function deadLetterLines({ id }: { readonly id: number }, overview: Overview): readonly string[] {
  const letter = stateOf(overview)?.dead_letters.find((each) => each.id === id);
  if (letter === undefined) return [`It is the message ${id}.`];
  const { chat, client, event_id, reason } = letter;
  return [
    `It is a message of the client ${visibleText(client)} to ${visibleText(chat)}, of the event ${visibleText(event_id)}.`,
    `Telegram said: ${visibleText(reason)}`,
  ];
}

const words: WordsOf = {
  pause_delivery: (_action, overview) => ({
    title: "Stop delivery",
    effect: [
      "No message goes to Telegram until somebody resumes delivery, also after a restart of the bridge.",
      `New messages are still taken, and kept in the queue: ${numberText(stateOf(overview)?.queue.pending ?? 0)} of at most ${numberText(stateOf(overview)?.queue.limit ?? 0)} wait now. None is lost.`,
      "After 10 minutes the alert DeliveryPaused fires.",
    ],
    verb: "Stop delivery",
    isDangerous: true,
  }),
  resume_delivery: (_action, overview) => ({
    title: "Resume delivery",
    effect: [
      `What waits is sent, within Telegram's limits: ${countText(stateOf(overview)?.queue.pending ?? 0, "message")} now.`,
    ],
    verb: "Resume delivery",
  }),
  lift_ban: ({ address }, { bans }) => ({
    title: "Lift a ban",
    effect: [
      `${visibleText(address)} may call again at once, on all servers. If it fails as before, it is banned again.`,
      ...bans
        .filter((ban) => ban.address === address)
        .map(({ client }) =>
          client === undefined
            ? "It was refused without a valid key."
            : `It was refused with the key of the client ${visibleText(client)}.`,
        ),
    ],
    verb: "Lift the ban",
  }),
  send_test_message: () => ({
    title: "Send a test message",
    effect: [
      "One message that says that it is a test is sent as the client of your key, to everybody who gets that client's messages.",
      "The activity shows when Telegram has it.",
    ],
    verb: "Send it",
  }),
  retry_dead_letter: (action, overview) => ({
    title: "Retry a dead letter",
    effect: [
      ...deadLetterLines(action, overview),
      "It goes back into the queue and is sent again. If Telegram refuses it again, it comes back here.",
    ],
    verb: "Retry it",
  }),
  drop_dead_letter: (action, overview) => ({
    title: "Drop a dead letter",
    effect: [
      ...deadLetterLines(action, overview),
      "It is deleted for good: nobody gets it, and it cannot be brought back.",
    ],
    verb: "Drop it",
    isDangerous: true,
  }),
};

/** What a person is told before an action. */
export function actionWords(action: Action, overview: Overview): Words {
  // Each action has the words of its own name.
  const tell = words[action.action] as (action: Action, overview: Overview) => Words;
  return tell(action, overview);
}
