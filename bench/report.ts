import { existsSync, readFileSync, writeFileSync } from "node:fs";

export type MeasureOptions = {
  /** The value that must not be exceeded (of rates: not be missed), with its unit. */
  readonly target?: string;
  /** The same work done by a bare loop, without what is measured. */
  readonly bare?: number;
  /** The same by another program of its kind. */
  readonly reference?: number;
};

const document = "docs/performance.md";

/** Prints a JSON line per measure, and keeps the table of docs/performance.md up to date. */
export class Report {
  readonly #of: "operator" | "bridge";
  readonly #rows = new Map<string, string>();

  constructor(of: "operator" | "bridge") {
    this.#of = of;
  }

  measure(name: string, value: number, unit: string, { target, bare, reference: other }: MeasureOptions = {}): void {
    const beside = bare ?? other;
    const reference = {
      ...(bare !== undefined && { bare: rounded(bare) }),
      ...(other !== undefined && { other: rounded(other) }),
    };
    const ratio = beside ? rounded(value / beside) : undefined;
    console.log(JSON.stringify({ bench: this.#of, measure: name, value: rounded(value), unit, reference, ratio }));
    const shown = (number: number | undefined) => (number === undefined ? "" : `${rounded(number)}`);
    this.#rows.set(name, row([name, `**${rounded(value)}** ${unit}`, target ?? "", shown(beside), shown(ratio)]));
  }

  /** Replaces the rows of what was measured, and keeps the others. */
  write(): void {
    const [begin, end] = ["begin", "end"].map((edge) => `<!-- bench:${this.#of} ${edge} -->`) as [string, string];
    const text = existsSync(document) ? readFileSync(document, "utf8") : `# Performance\n\n${begin}\n${end}\n`;
    const [before = "", rest = ""] = text.split(begin);
    const [table = "", after = ""] = rest.split(end);
    const rows = new Map(table.split("\n").flatMap((line) => (isRow(line) ? [[nameOf(line), line]] : [])));
    for (const [name, line] of this.#rows) rows.set(name, line);
    const head = ["measure", `this ${this.#of}`, "target", "reference", "ratio"];
    const lines = ["", row(head), row(head.map(() => "---")), ...rows.values(), ""];
    writeFileSync(document, `${before}${begin}\n${lines.join("\n").trim()}\n${end}${after}`);
  }
}

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const nameOf = (line: string) => line.split("|")[1]?.trim() ?? "";
const isRow = (line: string) => line.startsWith("| ") && !line.startsWith("| measure |") && !line.startsWith("| --- |");

/** Three digits say enough. */
const rounded = (value: number) => Number(value.toPrecision(value >= 1000 ? 4 : 3));
