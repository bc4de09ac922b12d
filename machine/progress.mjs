/**
 * Step lines for people: one line when a step ends, and one that is updated while it runs. Plain JavaScript, because
 * setup.mjs uses it on Node 20 before any package is installed.
 */
import { join } from "node:path";
import { cacheRoot } from "./cache-root.mjs";
import { fileDurations } from "./durations.mjs";
import { cut, duration, stepLine } from "./step-line.mjs";

const REDRAW_MS = 250;
/** In a log: after so long without output a line says what runs. */
const SILENCE_MS = 30_000;
const INDENT = "        ";

const noDurations = { typical: () => undefined, record: () => undefined };

/** Without colours and, in a log, without control characters, so NO_COLOR has no effect. */
function isLive(stream, env) {
  return Boolean(stream.isTTY) && env.TERM !== "dumb" && !["true", "1"].includes(env.CI);
}

/** Lines at the bottom of a terminal that are overwritten. */
function block(stream) {
  let drawn = [];
  const columns = () => stream.columns || 80;
  const erase = () => {
    // The terminal may have become narrower since: one row may have become several.
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns())), 0);
    if (drawn.length > 0) stream.write(`\r${"\x1b[1A".repeat(Math.max(0, rows - 1))}\x1b[J`);
    drawn = [];
  };
  const draw = (lines) => {
    erase();
    const room = Math.max(1, (stream.rows || 24) - 1);
    drawn = lines.slice(0, room).map((line) => cut(line, columns()));
    stream.write(drawn.join("\n"));
  };
  return { erase, draw };
}

/** Steps written to `stream`: on a terminal one line each, rewritten in place; otherwise one line after 30 s of silence. */
export function createProgress({
  stream = process.stderr,
  now = () => performance.now(),
  env = process.env,
  durations = noDurations,
} = {}) {
  const active = new Set();
  const live = isLive(stream, env);
  const screen = block(stream);
  let timer;
  let ended = false;
  let spokeAt = now();

  const view = ({ name, started, share, typical, detail }) =>
    stepLine({ name, elapsed: now() - started, share, typical, detail });
  const draw = () => {
    if (active.size > 0) screen.draw([...active].map((step) => INDENT + view(step)));
  };
  const line = (text) => {
    if (live) screen.erase();
    stream.write(`${text}\n`);
    spokeAt = now();
    if (live) draw();
  };
  const tick = () => {
    if (live) draw();
    else if (now() - spokeAt >= SILENCE_MS) line(INDENT + [...active].map(view).join(" | "));
  };

  const begin = (step) => {
    active.add(step);
    timer ??= setInterval(tick, REDRAW_MS);
    if (active.size === 1) spokeAt = now();
  };
  const end = (step) => {
    if (live) screen.erase();
    active.delete(step);
    if (active.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    const elapsed = now() - step.started;
    if (step.outcome === "done") durations.record(step.name, elapsed);
    line(`${step.outcome.padEnd(7)} ${step.name} (${duration(elapsed)})`);
  };

  /** Runs `work({update, reached, cached})` as a named step; the line says done, cached or failed and how long it took. */
  async function step(name, work) {
    const state = { name, started: now(), detail: "", share: undefined, outcome: "done" };
    state.typical = durations.typical(name);
    begin(state);
    try {
      return await work({
        update: (detail) => {
          state.detail = detail;
        },
        reached: (share, detail = state.detail) => {
          state.share = Math.max(0, Math.min(1, share));
          state.detail = detail;
        },
        cached: () => {
          state.outcome = "cached";
        },
      });
    } catch (error) {
      state.outcome = ended ? "stopped" : "failed";
      throw error;
    } finally {
      end(state);
    }
  }

  const stopping = () => {
    ended = true;
  };
  return { step, note: line, stopping };
}

export const progress = createProgress({ durations: fileDurations(join(cacheRoot(), "durations.json")) });

/** Writes nothing. */
export const silent = {
  step: (_name, work) => work({ update: () => undefined, reached: () => undefined, cached: () => undefined }),
  note: () => undefined,
  stopping: () => undefined,
};
