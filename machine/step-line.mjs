/** The line of a running step. Pure, and plain JavaScript for Node 20. */

const MINUTE = 60;
/** With a smaller share an estimate would be unreliable. */
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
 * The remaining time of a step: from the share that is done, or from its earlier duration; undefined if neither is
 * reliable. The earlier duration has as much weight as there is left to do.
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

/** A measured share is shown as 40%, one that is estimated from time as ~40%. It never shows 100 before the end. */
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

/** Shortens a line to one row of a terminal: a line that wraps cannot be overwritten. */
export function cut(line, columns) {
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
}
