import * as z from "zod";
import { apiKeyHeader } from "../../../contract/api-key.ts";
import { ports } from "../../../contract/ports.ts";
import { routes } from "../../../contract/routes.ts";
import type { DeploymentSpec } from "../../api/spec.ts";
import type { PlainFetch } from "../../runtime/plain-http.ts";
import type { Blueprint } from "../blueprint.ts";
import { namesOf } from "../names.ts";
import { handshake, type TimedFetch } from "../probing/http-probe.ts";
import type { Reading } from "../probing/probe-schedule.ts";
import { previewOf } from "./tracks.ts";

/** The version that is tried before clients reach it. */
export type PreviewTarget = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly template: string;
  /** Another value is another try, which is counted anew. */
  readonly attempt: string;
  readonly verifierKey: string;
  readonly analysis?: DeploymentSpec["rollout"]["analysis"];
};

export type PreviewResult = {
  readonly template: string;
  /** It has answered all that was asked. */
  readonly passed: boolean;
  readonly problem?: string | undefined;
  /** False while a failure may be a normal state of a start; set by the schedule. Default: true. */
  readonly lasting?: boolean;
};

export const previewTarget = (
  { namespace, name, uid, verifierKey, spec }: Blueprint,
  tried: Pick<PreviewTarget, "template" | "attempt">,
): PreviewTarget => ({
  namespace,
  name,
  uid,
  ...tried,
  verifierKey,
  ...(spec.rollout.analysis === undefined ? {} : { analysis: spec.rollout.analysis }),
});

/** How the schedule reads the results: a version that is tried is asked all the time. */
export const previewReading: Reading<PreviewResult> & { keepsResults: boolean } = {
  isWell: ({ problem }) => problem === undefined,
  isQuiet: () => false,
  shown: (result) => JSON.stringify(result) ?? "",
  keepsResults: false,
};

/** The tool that is called: it goes through the server to the bridge, and changes nothing. */
export const triedTool = "get_bridge_status";

const answered = z.object({ running: z.boolean() });

/** Counts of one version's calls, from the first one that succeeded. */
type Tally = { readonly attempt: string; readonly since: number; calls: number; failures: number };

type Parts = { readonly fetch: PlainFetch; readonly now: () => number; readonly timeoutMs?: number };

/** Asks a version like a client: by the handshake of MCP, and by the call of a tool. */
export function previewProbe({ fetch, now, timeoutMs = 5_000 }: Parts) {
  const tallies = new Map<string, Tally>();
  const timed: TimedFetch = (url, init) => fetch(url, { ...init, timeoutMs });
  return {
    probe: async (target: PreviewTarget): Promise<PreviewResult> => {
      const outcome = await tried(timed, target);
      const { template, attempt, uid, analysis } = target;
      if (analysis === undefined) return { template, ...shown(outcome) };
      const tally = counted(tallies.get(uid), { attempt, outcome, at: now() });
      if (tally === undefined) return { template, ...shown(outcome) };
      tallies.set(uid, tally);
      return { template, ...analysed(tally, analysis, now()) };
    },
    forget: (uid: string) => void tallies.delete(uid),
  };
}

type Outcome = "Answered" | "Waits" | { readonly problem: string };

/** Without the bridge nobody could answer: that is no fault of the version. */
const shown = (outcome: Outcome): Pick<PreviewResult, "passed" | "problem"> =>
  typeof outcome === "string" ? { passed: outcome === "Answered" } : { passed: false, problem: outcome.problem };

function counted(
  before: Tally | undefined,
  { attempt, outcome, at }: { readonly attempt: string; readonly outcome: Outcome; readonly at: number },
): Tally | undefined {
  const known = before?.attempt === attempt ? before : undefined;
  if (known === undefined && outcome !== "Answered") return undefined;
  const { since, calls, failures } = known ?? { since: at, calls: 0, failures: 0 };
  return { attempt, since, calls: calls + 1, failures: failures + (typeof outcome === "string" ? 0 : 1) };
}

/** So many calls at least are one hundred percent: else the first failure of many calls would be too many. */
const fewestCalls = 20;

function analysed(
  { since, calls, failures }: Tally,
  { durationSeconds, maxErrorPercent }: NonNullable<PreviewTarget["analysis"]>,
  now: number,
): Pick<PreviewResult, "passed" | "problem"> {
  const isOver = now - since >= durationSeconds * 1000;
  const share = (failures * 100) / (isOver ? calls : Math.max(calls, fewestCalls));
  if (share > maxErrorPercent) {
    return { passed: false, problem: `more than ${maxErrorPercent} % of the calls of rollout.analysis failed` };
  }
  return { passed: isOver };
}

async function tried(fetch: TimedFetch, { namespace, name, verifierKey }: PreviewTarget): Promise<Outcome> {
  const base = `http://${previewOf(name)}.${namespace}.svc:${ports.mcp}`;
  // The name under which clients reach it later: others may be refused.
  const host = `${namesOf(name).server}.${namespace}.svc:${ports.mcp}`;
  const hello = await handshake(fetch, { mcpUrl: `${base}${routes.mcp}`, verifierKey, headers: { host } });
  if (!hello.verified) return { problem: hello.message };
  const url = base + routes.tool.replace(":name", triedTool);
  try {
    const response = await fetch(url, { method: "GET", headers: { host, [apiKeyHeader]: verifierKey } });
    const body = await response.text();
    if (!response.ok) return { problem: `a call of ${triedTool} was answered with HTTP ${response.status}` };
    return answered.parse(JSON.parse(body)).running ? "Answered" : "Waits";
  } catch (error) {
    const isNonsense = error instanceof SyntaxError || error instanceof z.ZodError;
    return { problem: isNonsense ? `the answer to a call of ${triedTool} is none` : `no answer from ${url}` };
  }
}
