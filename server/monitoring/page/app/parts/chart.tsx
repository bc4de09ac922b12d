import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { History } from "../../../../../contract/monitoring.ts";
import type { ChartLine, ChartPlan } from "../words/chart-lines.ts";
import { minuteText } from "../words/times.ts";

type Properties = {
  readonly plan: ChartPlan;
  readonly history: History;
  /** The step that is read, by pointer or keyboard, in all charts. */
  readonly chosen: number | undefined;
  readonly choose: (step: number | undefined) => void;
};

const HEIGHT = 132;
/** Moves of the keys for far moves from one end to the other. */
const FAR_MOVES = 12;

const lengthOf = ({ series }: History) => Math.max(0, ...Object.values(series).map(({ length }) => length));

/** Times and values as uPlot takes them. */
function dataOf({ lines }: ChartPlan, history: History): uPlot.AlignedData {
  const times = Array.from({ length: lengthOf(history) }, (_, step) => history.from + step * history.step_seconds);
  return [times, ...lines.map(({ name }) => [...history.series[name]])];
}

/** The last step of which something is known, for whoever has chosen none. */
function lastKnown({ lines }: ChartPlan, history: History): number {
  const known = lines.map(({ name }) => history.series[name].findLastIndex((value) => value !== null));
  const last = Math.max(...known);
  return last === -1 ? Math.max(0, lengthOf(history) - 1) : last;
}

export function Chart({ plan, history, chosen, choose }: Properties) {
  const length = lengthOf(history);
  const shown = Math.min(chosen ?? lastKnown(plan, history), Math.max(0, length - 1));
  const readings = plan.lines.map((line) => ({ line, text: readingOf(plan, line, history, shown) }));
  const time = minuteText((history.from + shown * history.step_seconds) * 1_000);
  const spoken = `${time}: ${readings.map(({ line, text }) => `${line.label} ${text}`).join(", ")}`;
  return (
    <figure class="chart">
      <figcaption>
        <h3>{plan.title}</h3>
        <span class="quiet">{chosen === undefined ? `last, at ${time}` : `at ${time}`}</span>
      </figcaption>
      <div
        class="plot-frame"
        role="slider"
        tabIndex={0}
        aria-label={`${plan.title}: choose a time`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, length - 1)}
        aria-valuenow={shown}
        aria-valuetext={spoken}
        onKeyDown={(event) => {
          const next = stepAfter(event.key, shown, length);
          if (next === undefined) return;
          event.preventDefault();
          choose(next === "none" ? undefined : next);
        }}
        onBlur={() => choose(undefined)}
      >
        <Plot plan={plan} history={history} chosen={chosen} choose={choose} />
      </div>
      <ul class="readings">
        {readings.map(({ line, text }) => (
          <li key={line.name}>
            <Swatch line={line} />
            {line.label} <strong>{text}</strong>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function readingOf({ value }: ChartPlan, { name }: ChartLine, { series }: History, step: number): string {
  const known = series[name][step];
  return known === null || known === undefined ? "not known" : value(known);
}

function stepAfter(key: string, step: number, length: number): number | "none" | undefined {
  if (key === "Escape") return "none";
  const far = Math.max(1, Math.round(length / FAR_MOVES));
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -far,
    PageUp: far,
    Home: -length,
    End: length,
  };
  const move = moves[key];
  return move === undefined ? undefined : Math.max(0, Math.min(length - 1, step + move));
}

function Swatch({ line: { dash, colour } }: { readonly line: ChartLine }) {
  return (
    <svg class={`swatch line-${colour}`} viewBox="0 0 22 6" aria-hidden="true" focusable="false">
      <path d="M0 3h22" fill="none" stroke="currentColor" stroke-width="2.5" stroke-dasharray={dash.join(" ")} />
    </svg>
  );
}

/** The drawing, by uPlot; made again when the colours change. */
function Plot({ plan, history, chosen, choose }: Properties) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const chosenStep = useRef(chosen);
  chosenStep.current = chosen;
  const drawn = useRef(history);
  drawn.current = history;

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(plan, element, choose, chosenStep), dataOf(plan, drawn.current), element);
    };
    draw();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    const themes = matchMedia("(prefers-color-scheme: dark)");
    themes.addEventListener("change", draw);
    return () => {
      sizes.disconnect();
      themes.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [plan]);
  useEffect(() => plot.current?.setData(dataOf(plan, history)), [history]);
  useEffect(() => {
    const { current: shown } = plot;
    if (shown === undefined || (shown.cursor.idx ?? undefined) === chosen) return;
    const time = shown.data[0][chosen ?? -1];
    const left = time === undefined ? -10 : shown.valToPos(time, "x");
    shown.setCursor({ left, top: 0 }, false);
  }, [chosen]);
  return <div ref={place} class="plot" aria-hidden="true" />;
}

function optionsOf(
  { lines, value, increments }: ChartPlan,
  element: HTMLElement,
  choose: Properties["choose"],
  chosenStep: { readonly current: number | undefined },
): uPlot.Options {
  // A canvas knows no variables: the colours are read where the style sheet has resolved them.
  const colourOf = (name: string) => {
    const probe = element.appendChild(Object.assign(document.createElement("i"), { className: name }));
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  const axis = {
    stroke: colourOf("quiet"),
    font,
    grid: { stroke: colourOf("grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, size: 22, gap: 4, space: 64, values: (_plot, times) => times.map((time) => minuteText(time * 1_000)) },
      {
        ...axis,
        size: 52,
        ...(increments === undefined ? {} : { incrs: [...increments] }),
        gap: 4,
        space: 34,
        values: (_plot, values) => values.map((each) => (each < 0 ? "" : value(each))),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour, dash }) => ({
        label,
        stroke: colourOf(`line-${colour}`),
        width: 2,
        dash: [...dash],
        points: { show: false },
      })),
    ],
    hooks: {
      setCursor: [
        ({ cursor }) => {
          const step = cursor.idx ?? undefined;
          if (step !== chosenStep.current) choose(step);
        },
      ],
    },
  };
}
