import { useState } from "preact/hooks";
import type { History } from "../../../../../contract/monitoring.ts";
import { type Hours, hoursOffered, useHistory } from "../use-history.ts";
import { chartPlans } from "../words/chart-lines.ts";
import { coarser, type Row } from "../words/coarser.ts";
import { clockText } from "../words/times.ts";
import { Chart } from "./chart.tsx";
import { Section } from "./section.tsx";
import { Table } from "./table.tsx";
import { Foreign } from "./text.tsx";

/** More rows than that nobody reads. */
const ROWS = 48;

/** The last hours, drawn and, for whoever cannot see that, as a table. */
export function Charts({ now }: { readonly now: number }) {
  const [hours, setHours] = useState<Hours>(1);
  const [isTable, setTable] = useState(false);
  const [chosen, choose] = useState<number>();
  const { history, problem } = useHistory(hours);
  const tools = (
    <div class="tools">
      <fieldset class="segments">
        <legend class="unseen">Hours shown</legend>
        {hoursOffered.map((each) => (
          <label key={each}>
            <input type="radio" name="hours" checked={each === hours} onChange={() => setHours(each)} />
            <span>{each} h</span>
          </label>
        ))}
      </fieldset>
      <button type="button" aria-expanded={isTable} aria-controls="history-table" onClick={() => setTable(!isTable)}>
        As a table
      </button>
    </div>
  );
  return (
    <Section id="charts" title="The last hours" tools={tools}>
      {problem !== undefined && (
        <p class="quiet">
          The last hours cannot be read just now: <Foreign text={problem} />
        </p>
      )}
      <div class="charts">
        {chartPlans.map((plan) =>
          history === undefined ? (
            <figure class="chart" key={plan.title}>
              <figcaption>
                <h3>{plan.title}</h3>
              </figcaption>
              <p class="plot-frame">Reading…</p>
            </figure>
          ) : (
            <Chart key={plan.title} plan={plan} history={history} chosen={chosen} choose={choose} />
          ),
        )}
      </div>
      <div id="history-table" hidden={!isTable}>
        {isTable && history !== undefined && <HistoryTable history={history} now={now} hours={hours} />}
      </div>
    </Section>
  );
}

type Past = { readonly history: History; readonly now: number; readonly hours: Hours };

function HistoryTable({ history, now, hours }: Past) {
  const columns = chartPlans.flatMap(({ lines, value }) =>
    lines.map(({ name, label }) => ({
      head: label,
      isNumber: true as const,
      cell: ({ values }: Row) => {
        const known = values[name];
        return known === null || known === undefined ? "not known" : value(known);
      },
    })),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls it with the keyboard
    <section class="scroll history" aria-label="The last hours as a table" tabIndex={0}>
      <Table
        caption={`The last ${hours === 1 ? "hour" : `${hours} hours`}, the newest first: counts within each step, waiting and oldest at their highest`}
        rows={coarser(history, ROWS)}
        keyOf={({ from }) => from}
        columns={[
          { head: "From", cell: ({ from }) => clockText(new Date(from * 1_000).toISOString(), now) },
          ...columns,
        ]}
      />
    </section>
  );
}
