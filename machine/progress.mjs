/**
 * Step lines for people: one line when a step ends, and a sign of life while it runs. Plain JavaScript, because setup.mjs
 * uses it on Node 20 before any package is installed.
 */

const LIVE_MS = 1_000;
const QUIET_MS = 15_000;

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

/** Steps written to `stream`: rewritten in place on a terminal, otherwise a line every 15 s. */
export function createProgress({ stream = process.stderr, now = () => performance.now() } = {}) {
  const active = new Set();
  const live = Boolean(stream.isTTY);

  const clear = () => live && stream.write("\r\x1b[K");
  const line = (text) => {
    clear();
    stream.write(`${text}\n`);
  };
  const describe = (step) =>
    `${step.name} (${seconds(now() - step.started)})${step.detail === "" ? "" : `: ${step.detail}`}`;
  const tick = () => {
    const text = [...active].map(describe).join(" | ");
    if (live) stream.write(`\r\x1b[K        ${text.slice(0, Math.max(20, (stream.columns ?? 100) - 10))}`);
    else if (text !== "") line(`        ${text}`);
  };

  /** Runs `work({update, cached})` as a named step; the line says done, cached or failed and how long it took. */
  async function step(name, work) {
    const state = { name, started: now(), detail: "", outcome: "done" };
    const timer = setInterval(tick, live ? LIVE_MS : QUIET_MS);
    active.add(state);
    try {
      return await work({
        update: (detail) => {
          state.detail = detail;
        },
        cached: () => {
          state.outcome = "cached";
        },
      });
    } catch (error) {
      state.outcome = "failed";
      throw error;
    } finally {
      clearInterval(timer);
      active.delete(state);
      line(`${state.outcome.padEnd(6)}  ${name} (${seconds(now() - state.started)})`);
    }
  }

  return { step, note: line };
}

export const progress = createProgress();
