import { printable } from "../terminal/printable.ts";

/** Columns as wide as their longest cell, as kubectl shows them. Cells that are empty are shown as "-". */
export function table(headings: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string {
  const cells = [headings, ...rows.map((row) => headings.map((_, column) => printable(row[column] || "-")))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
