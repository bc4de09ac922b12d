import type { ComponentChildren } from "preact";

export type Column<Row> = {
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly isNumber?: true;
  /** Never broken into lines: what it shows is of our own making. */
  readonly isShort?: true;
  /** Words, for which a column is too narrow where rows are blocks. */
  readonly isBroad?: true;
};

type Properties<Row> = {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
};

/** With more columns a table becomes blocks on a tablet, too. */
const WIDE = 8;

const classOf = <Row,>({ isNumber, isShort, isBroad }: Column<Row>) =>
  (isNumber && "number") || (isShort && "short") || (isBroad && "broad");

/** A table; on a phone each row becomes a block, for which roles are named, because browsers forget them there. */
export function Table<Row>({ caption, columns, rows, keyOf }: Properties<Row>) {
  const [first, ...others] = columns;
  if (first === undefined) return null;
  return (
    <table {...{ role: "table" }} class={columns.length > WIDE ? "wide" : undefined}>
      <caption class="unseen">{caption}</caption>
      <thead {...{ role: "rowgroup" }}>
        <tr {...{ role: "row" }}>
          {columns.map(({ head, isNumber }) => (
            <th key={head} {...{ role: "columnheader" }} scope="col" class={isNumber && "number"}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody {...{ role: "rowgroup" }}>
        {rows.map((row) => (
          <tr key={keyOf(row)} {...{ role: "row" }}>
            <th {...{ role: "rowheader" }} scope="row">
              {first.cell(row)}
            </th>
            {others.map((column) => (
              <td key={column.head} {...{ role: "cell" }} data-head={column.head} class={classOf(column)}>
                <div>{column.cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
