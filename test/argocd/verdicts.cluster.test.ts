import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { conditionOf, type Resource } from "../operator/deployment/support/steps.ts";
import { type Action, ask, customization, type Verdict } from "./support/gitops.ts";
import { fileOf, type State, states } from "./support/states.ts";

const objectOf = (state: State) =>
  load(readFileSync(join(customization, "testdata", fileOf(state)), "utf8")) as Resource;

const settings = load(readFileSync("deploy/argocd/argocd-cm.yaml", "utf8")) as { data: Record<string, string> };
const setting = (name: string) =>
  settings.data[`resource.customizations.${name}.cctelegram.io_CCTelegramDeployment`] ?? "";

const judged = async (what: "health" | "kstatus") =>
  ask<Verdict>(
    states.map((state) =>
      what === "health"
        ? { do: what, object: objectOf(state), script: setting("health") }
        : { do: what, object: objectOf(state) },
    ),
  );

const [argo, kstatus] = await Promise.all([judged("health"), judged("kstatus")]);

/** Argo CD's names for the states of kstatus. */
const inArgo = { Current: "Healthy", InProgress: "Progressing", Failed: "Degraded", Terminating: "Progressing" };

describe.each(states.map((state, index) => ({ ...state, index })))("$name", (state) => {
  const { index, ready } = state;
  const object = objectOf(state);

  test(`Ready says ${ready}`, () => expect(conditionOf(object, "Ready")?.reason).toBe(ready));

  test(`Argo CD says ${state.argo}, and what Ready says`, () => {
    expect(argo[index]?.status).toBe(state.argo);
    const said = conditionOf(object, "Ready")?.message;
    const isJudged =
      object.status?.observedGeneration === object.metadata.generation && state.kstatus !== "Terminating";
    expect(argo[index]?.message).toContain(isJudged ? said : "");
    expect(argo[index]?.message).not.toBe("");
  });

  test(`kstatus says ${state.kstatus}`, () => expect(kstatus[index]?.status).toBe(state.kstatus));

  test("both say the same, or there is a reason", () => {
    expect(state.because !== undefined).toBe(inArgo[state.kstatus] !== state.argo);
  });
});

test("docs/argocd.md says where the two differ, and why", () => {
  const page = readFileSync("docs/argocd.md", "utf8");
  const reasons = states.flatMap(({ because }) => because ?? []);
  expect(reasons.filter((reason) => !page.includes(reason))).toEqual([]);
});

/** Reasons that Ready can never have, although a part or a check has them. */
const neverOfReady: Readonly<Record<string, string>> = {
  NotYetKnown:
    "Verified is judged before there is a pod to ask, and a bridge that runs without an answer comes after it",
  BridgeNotRunning:
    "BridgeAvailable comes first, but for the moment in which the StatefulSet still counts a pod that is gone",
  MaintenanceNeverComes: "it keeps nobody from connecting: Degraded has it",
  WaitingForBotToken: "the missing Secret is a problem, which comes first",
};

test("every reason that Ready can have was recorded", () => {
  const parts = "{bridge-answer,bridge-available,queue-healthy,ready,server-available,telegram-reachable,verified}";
  const sources = [
    `status/conditions/${parts}.ts`,
    "status/conditions/conditions.ts",
    "status/checks.ts",
    "pods/pod-trouble.ts",
    "probing/http-probe.ts",
    "backup/problems.ts",
    "backup/restore-source.ts",
  ];
  const reasons = sources
    .flatMap((pattern) => globSync(`operator/deployment/${pattern}`))
    .map((path) => readFileSync(path, "utf8"))
    .flatMap((source) => [
      ...source.matchAll(/(?:fails|unknown|failed|problem)\(\s*"(\w+)"/g),
      ...source.matchAll(/reason: (?:[^"\n]*\? )?"(\w+)"(?: : "(\w+)")?/g),
      ...source.matchAll(/configurationReasons = new Set\(\["(\w+)", "(\w+)", "(\w+)"\]\)/g),
    ])
    .flatMap((match) => match.slice(1).filter((reason) => reason !== undefined));
  const recorded = new Set(states.map(({ ready }) => ready));
  const missing = [...new Set(reasons)].filter((reason) => !recorded.has(reason) && !(reason in neverOfReady));
  expect(missing).toEqual([]);
  expect(new Set(reasons).size).toBeGreaterThan(25);
});

/** Argo CD's repository tests the script itself, which does not run for an object that is being deleted. */
const ofScript = states.filter(({ kstatus }) => kstatus !== "Terminating");

test("health_test.yaml expects what Argo CD says", () => {
  const tests = ofScript.map((state) => ({
    inputPath: `testdata/${fileOf(state)}`,
    healthStatus: argo[states.indexOf(state)],
  }));
  const file = join(customization, "health_test.yaml");
  if (process.env.RECORD === "1") writeFileSync(file, dump({ tests }, { lineWidth: -1 }));
  expect(load(readFileSync(file, "utf8"))).toEqual({ tests });
});

test("the folder passes the tests of Argo CD's repository", async () => {
  const [outcomes = []] = await ask<{ name: string; failure?: string }[]>([{ do: "test", folder: customization }]);
  expect(outcomes.filter(({ failure }) => failure)).toEqual([]);
  expect(outcomes.length).toBe(ofScript.length + 8);
});

test("what is paused can be resumed, what hibernates woken, and everything else paused, put to sleep and restarted", async () => {
  const offered = await ask<Action[]>(
    states.map((state) => ({ do: "discover", object: objectOf(state), actions: setting("actions") })),
  );
  const enabled = offered.map((actions) => actions.filter(({ disabled }) => !disabled).map(({ name }) => name));
  const expected = states.map(({ name }) => {
    if (name.startsWith("paused")) return ["resume"];
    return name === "hibernated" ? ["pause", "wake"] : ["hibernate", "pause", "restart"];
  });
  expect(enabled).toEqual(expected);
});
