import type { AttentionMode } from "../../../contract/attention.ts";
import type { FormattedText } from "../formatting/formatted-text.ts";
import { shownLine } from "../formatting/shown-text.ts";

const meanings: Readonly<Record<AttentionMode, string>> = {
  local: "🏠 Local mode: approvals, results and failures make a sound, everything else comes without one.",
  nomad: "🧳 Nomad mode: every message makes a sound.",
  muted: "🔇 Muted: only approvals come, without a sound. What else is sent meanwhile does not come later.",
};

/** What a person is told whose mode somebody else has set: nobody is muted without knowing it. */
export function modeLine(mode: AttentionMode, by: string): FormattedText {
  return { text: `${meanings[mode]}\nSet by ${shownLine(by)}.`, entities: [] };
}

/** What a mode means, for the person who sets it. */
export function modeMeaning(mode: AttentionMode): string {
  return meanings[mode];
}
