/** Text in a cell of a table: one line, no bar that would end the cell, and outside of code nothing that looks like a tag. */
const cell = (text: string) =>
  text
    .replace(/\s*\n\s*/g, " ")
    .replaceAll("|", "\\|")
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll("<", "&lt;")))
    .join("");

/** A table with one row for each list of cells, in columns of one width as the formatter wants them. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows].map((row) => row.map(cell));
  const widths = headings.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], fill: string) =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width, fill)).join(" | ")} |`;
  const [head = [], ...body] = cells;
  return [line(head, " "), line([], "-"), ...body.map((row) => line(row, " "))].join("\n");
}

/** Text as code; "" stays "". */
export const code = (text: string) => (text === "" ? "" : `\`${text}\``);

export const codes = (texts: readonly string[]) => texts.map(code).join(", ");

/** A page from its blocks. It says that it is generated, and of what. */
export function page(title: string, source: string, blocks: readonly string[]): string {
  const notice = `<!-- Generated from ${source} by "npm run generate"; do not edit. -->`;
  return `${[notice, `# ${title}`, ...blocks].join("\n\n")}\n`;
}
