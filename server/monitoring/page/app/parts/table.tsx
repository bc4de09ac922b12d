import type { ComponentChildren } from "preact";

export type Column<Row> = {
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly isNumber?: true;
  /** Never broken into lines: what it shows is of our own making. */
  readonly isShort?: true;
};

type Properties<Row> = {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
};

/** A table; on a phone each row becomes a block, for which roles are named, because browsers forget them there. */
export function Table<Row>({ caption, columns, rows, keyOf }: Properties<Row>) {
  const [first, ...others] = columns;
  if (first === undefined) return null;
  return (
    <table {...{ role: "table" }}>
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
            {others.map(({ head, cell, isNumber, isShort }) => (
              <td
                key={head}
                {...{ role: "cell" }}
                data-head={head}
                class={(isNumber && "number") || (isShort && "short")}
              >
                <div>{cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
