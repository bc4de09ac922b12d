import type { FormattedText, TextEntity } from "../formatting/formatted-text.ts";

/** A line of an answer: plain, or with a part that stands out. */
export type ReplyLine = string | { readonly type: TextEntity["type"]; readonly text: string; readonly after?: string };

/** An answer is one message: Telegram's 4096 units, less the last line. */
const LONGEST = 3_900;

/** Lines as one message; of too many, those that fit and how many are left out. Pure. */
export function replyText(lines: readonly ReplyLine[]): FormattedText {
  let text = "";
  const entities: TextEntity[] = [];
  for (const [index, line] of lines.entries()) {
    const { type, text: marked, after = "" } = typeof line === "string" ? { type: undefined, text: line } : line;
    if (text.length + marked.length + after.length > LONGEST) {
      return { text: `${text}… and ${lines.length - index} more lines`, entities };
    }
    if (type !== undefined && marked !== "") entities.push({ type, offset: text.length, length: marked.length });
    text += `${marked}${after}\n`;
  }
  return { text: text.trimEnd(), entities };
}

export const bold = (text: string, after = ""): ReplyLine => ({ type: "bold", text, after });

/** Some time as people say it: 5 s, 3 min, 2 h, 4 d. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 2 * 3_600) return `${Math.floor(whole / 60)} min`;
  return whole < 2 * 86_400 ? `${Math.floor(whole / 3_600)} h` : `${Math.floor(whole / 86_400)} d`;
}
