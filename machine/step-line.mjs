/** The line of a running step. Pure, and plain JavaScript for Node 20. */

const MINUTE = 60;
/** A share of less says too little to reckon with. */
const LEAST_SHARE = 0.02;
const LEAST_MS = 3_000;

/** "3.4 s", from a minute on "3 min 4 s". */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
}

/**
 * What is left of a step: by the share that is done, or by how long it took another time; undefined when neither says
 * enough. The other time weighs as much as is still to be done.
 */
export function remaining({ elapsed, share, typical }) {
  if (share !== undefined && typical !== undefined) return (1 - share) * typical;
  if (share !== undefined) {
    return share >= LEAST_SHARE && elapsed >= LEAST_MS ? (elapsed / share) * (1 - share) : undefined;
  }
  return typical === undefined ? undefined : Math.max(0, typical - elapsed);
}

function about(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 5) return "a few seconds left";
  if (seconds < 55) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  return `about ${Math.round(seconds / MINUTE)} min left`;
}

/** A share that is measured reads 40%, one that follows from the time alone ~40%. It never says 100 before the end. */
function percentage({ elapsed, share, typical }) {
  const percent = (value) => `${Math.max(0, Math.min(99, Math.floor(value * 100)))}%`;
  if (share !== undefined) return ` ${percent(share)}`;
  return typical === undefined ? "" : ` ~${percent(elapsed / typical)}`;
}

/** "image (3.0 s)", "Helm 40% (20.0 s, about 30 s left): 300 of 750 packages". */
export function stepLine({ name, elapsed, share, typical, detail = "" }) {
  const left = remaining({ elapsed, share, typical });
  const overdue = share === undefined && typical !== undefined && elapsed > typical;
  const times = [
    duration(elapsed),
    ...(overdue ? [`${duration(typical)} another time`] : left === undefined ? [] : [about(left)]),
  ];
  const part = overdue ? "" : percentage({ elapsed, share, typical });
  return `${name}${part} (${times.join(", ")})${detail === "" ? "" : `: ${detail}`}`;
}

/** Cuts a line so that it takes one row of a terminal: one that wraps cannot be overwritten. */
export function cut(line, columns) {
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
}
