import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Figures, references, rivals } from "./rivals.ts";

export type MeasureOptions = {
  /** The value to hold. */
  readonly line?: string;
  /** The same work done by a bare loop against the same API server. */
  readonly bare?: number;
};

const begin = "<!-- bench:operator begin -->";
const end = "<!-- bench:operator end -->";
const document = "docs/performance.md";

/** Prints a JSON line per measure, and keeps the table of docs/performance.md up to date. */
export class Report {
  readonly #rows = new Map<string, string>();

  measure(name: string, value: number, unit: string, { line, bare }: MeasureOptions = {}): void {
    const figures = references[name] ?? [];
    const reference = {
      ...Object.fromEntries(rivals.map((rival, index) => [rival, figures[index]])),
      ...(bare === undefined ? {} : { bare: rounded(bare) }),
    };
    const ratio = ratioTo(value, bare === undefined ? figures : [bare]);
    console.log(JSON.stringify({ bench: "operator", measure: name, value: rounded(value), unit, reference, ratio }));
    const cells = [name, `**${rounded(value)}** ${unit}`, line ?? "", bare === undefined ? "" : `${rounded(bare)}`];
    this.#rows.set(name, row([...cells, ...rivals.map((_, index) => `${figures[index] ?? ""}`)]));
  }

  /** Replaces the rows of what was measured, and keeps the others. */
  write(): void {
    const text = existsSync(document) ? readFileSync(document, "utf8") : `# Performance\n\n${begin}\n${end}\n`;
    const [before = "", rest = ""] = text.split(begin);
    const [table = "", after = ""] = rest.split(end);
    const rows = new Map(table.split("\n").flatMap((line) => (isRow(line) ? [[nameOf(line), line]] : [])));
    for (const [name, line] of this.#rows) rows.set(name, line);
    const head = ["measure", "this operator", "line", "bare loop", ...rivals];
    const lines = ["", row(head), row(head.map(() => "---")), ...rows.values(), ""];
    writeFileSync(document, `${before}${begin}\n${lines.join("\n").trim()}\n${end}${after}`);
  }
}

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const nameOf = (line: string) => line.split("|")[1]?.trim() ?? "";
const isRow = (line: string) => line.startsWith("| ") && !line.startsWith("| measure |") && !line.startsWith("| --- |");

/** Three digits say enough. */
const rounded = (value: number) => Number(value.toPrecision(value >= 1000 ? 4 : 3));

/** Ours in relation to the least of the others. */
function ratioTo(value: number, figures: Figures): number | undefined {
  const known = figures.filter((figure) => figure !== undefined);
  const best = Math.min(...known);
  return known.length === 0 || best === 0 ? undefined : rounded(value / best);
}
