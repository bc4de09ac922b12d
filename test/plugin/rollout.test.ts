import { describe, expect, test } from "vitest";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import type { Resource } from "../../plugin/cluster/resources.ts";
import { proven } from "../../plugin/rollout/proven.ts";
import { isRemembered, kept, previous, promotable } from "../../plugin/rollout/revisions.ts";

const resource = (rollout?: object): Resource => ({
  metadata: { name: "team", generation: 1 },
  spec: {},
  status: {
    observedGeneration: 1,
    conditions: [
      { type: "Ready", status: "True", reason: "Ready", message: "", lastTransitionTime: "2026-01-01T00:00:00.000Z" },
    ],
    ...(rollout === undefined ? {} : { rollout }),
  },
});
const revisions = (...outcomes: string[]) => outcomes.map((outcome, index) => ({ revision: index + 1, outcome }));

describe("the revision that is meant", () => {
  const rolling = resource({ revision: 2, target: 3, revisions: revisions("Superseded", "Active", "Previewing") });
  const settled = resource({
    revision: 4,
    revisions: revisions("Superseded", "RolledBack", "Previous", "Active", "Failed"),
  });

  test("to promote is the one that waits, and only that", () => {
    expect(promotable(rolling, undefined)).toBe(3);
    expect(promotable(rolling, 3)).toBe(3);
    expect(() => promotable(rolling, 2)).toThrow("Revision 2 is not kept");
    expect(() => promotable(settled, undefined)).toThrow("nothing to promote");
  });

  test("to go back to is the one that runs while another is being rolled out, else the last that worked", () => {
    expect(previous(rolling)).toBe(2);
    expect(previous(settled)).toBe(3);
    expect(() => previous(resource({ revision: 1, revisions: revisions("Active") }))).toThrow("no earlier revision");
  });

  test("to undo may be any that is kept", () => {
    expect(kept(settled, 1)).toBe(1);
    expect(() => kept(settled, 9)).toThrow("Revision 9 is not kept");
  });

  test("is asked for again only after the operator has forgotten the wish", () => {
    const undone = resource({ revision: 2, undone: "1", revisions: revisions("Superseded", "Active") });
    expect([isRemembered(undone, 1), isRemembered(undone, 2), isRemembered(settled, 1)]).toEqual([true, false, false]);
  });

  test("is not known where the operator tells of none", () => {
    for (const find of [
      () => promotable(resource(), undefined),
      () => previous(resource()),
      () => kept(resource(), 1),
    ]) {
      expect(find).toThrow("tells of no revisions");
    }
  });
});

describe("the image that was proven", () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const pod = (image: string, imageID: string, ready = "True"): KubernetesObject => ({
    metadata: { name: "team-mcp-server-1" },
    spec: {
      containers: [
        { name: "server", image },
        { name: "sidecar", image: "other" },
      ],
    },
    status: {
      conditions: [{ type: "Ready", status: ready }],
      containerStatuses: [
        { name: "sidecar", imageID: "z" },
        { name: "server", imageID },
      ],
    },
  });

  test("is named by its digest, without the tag", () => {
    const repository = "registry.example.com:5000/team/server";
    expect(proven(resource(), [pod(`${repository}:1.2.3`, `${repository}@${digest}`)])).toBe(`${repository}@${digest}`);
  });

  test("is as the pod names it where the node knows no digest", () => {
    expect(proven(resource(), [pod("cctelegram/server:dev", "sha256:1234")])).toBe("cctelegram/server:dev");
  });

  test("is none while pods differ, or the resource is not ready", () => {
    expect(() => proven(resource(), [pod("a:1", ""), pod("a:2", "")])).toThrow("a:1 and a:2");
    expect(() => proven(resource(), [pod("a:1", "", "False")])).toThrow("has not proven one image");
    expect(proven(resource(), [pod("a:1", ""), pod("a:2", "", "False")])).toBe("a:1");
    const changed = { ...resource(), metadata: { name: "team", generation: 2 } };
    expect(() => proven(changed, [pod("a:1", "")])).toThrow("Not ready: team");
  });
});
