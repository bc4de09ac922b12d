import { describe, expect, test } from "vitest";
import { acceptanceOf, questionOf } from "../../../../operator/deployment/image/acceptance.ts";
import type { ImageFinding } from "../../../../operator/deployment/image/review.ts";
import { specOf } from "../support/blueprint.ts";
import { resource } from "../support/snapshot.ts";

const reference = "registry.example.com/team/server:1.2.3";
const digest = `sha256:${"a".repeat(64)}`;
const asked = (images: object = { resolution: "Digest" }, fields: object = {}) =>
  resource({ spec: specOf({ images }), ...fields });
const question = questionOf(asked(), reference, undefined)!;
const { policy } = question;

const finding = (fields: object): ImageFinding =>
  ({ policy, reference, state: "Found", digest, ...fields }) as ImageFinding;

test("nothing is asked of an image unless its resource wants it", () => {
  expect(questionOf(resource(), reference, undefined)).toBeUndefined();
  expect(questionOf(asked(), reference, undefined)).toBeDefined();
});

describe("the question is another one", () => {
  const others = [
    ["with another image", questionOf(asked(), `${reference}-rc.1`, undefined)],
    ["with a key", questionOf(asked(), reference, ["key"])],
    [
      "after a restart, which asks what the tag names now",
      questionOf(asked(undefined, { restartedAt: "now" }), reference, undefined),
    ],
  ] as const;

  test.each(others)("%s", (_, other) => {
    expect(other?.policy).not.toBe(policy);
  });

  test("but not after a restart when the image is named by its digest, and not by the order of keys", () => {
    const pinned = `${reference}@${digest}`;
    const restarted = questionOf(asked(undefined, { restartedAt: "now" }), pinned, undefined);
    expect(restarted?.policy).toBe(questionOf(asked(), pinned, undefined)?.policy);
    const [one, two] = [
      ["a", "b"],
      ["b", "a"],
    ].map((keys) => questionOf(asked(), reference, keys)?.policy);
    expect(one).toBe(two);
  });
});

describe("an image", () => {
  test("is pending until it is found, and then runs by its digest", () => {
    expect(acceptanceOf(question, undefined, undefined)).toMatchObject({ state: "Pending" });
    expect(acceptanceOf(question, undefined, finding({}))).toEqual({
      state: "Accepted",
      image: `${reference}@${digest}`,
      shown: { reference, digest, policy },
    });
  });

  test("that was accepted stays so without the registry, and whatever the tag names by now", () => {
    const before = { reference, digest, policy };
    const moved = finding({ digest: `sha256:${"b".repeat(64)}` });
    const gone = finding({ state: "Unverifiable", message: "no answer" });
    for (const found of [undefined, moved, gone]) {
      expect(acceptanceOf(question, before, found)).toMatchObject({ state: "Accepted", shown: { digest } });
    }
  });

  test("that was accepted for another question is asked about again", () => {
    expect(acceptanceOf(question, { reference, digest, policy: "other" }, undefined)).toMatchObject({
      state: "Pending",
    });
    expect(acceptanceOf(question, undefined, finding({ policy: "other" }))).toMatchObject({ state: "Pending" });
  });

  test("whose registry fails once is pending, and unverifiable when that lasts", () => {
    const failed = { state: "Unverifiable", message: "no answer" };
    expect(acceptanceOf(question, undefined, finding({ ...failed, lasting: false }))).toMatchObject({
      state: "Pending",
    });
    expect(acceptanceOf(question, undefined, finding(failed))).toMatchObject(failed);
  });

  test("that is refused is so at once", () => {
    const refused = finding({ state: "Refused", message: "no signature", lasting: false });
    expect(acceptanceOf(question, undefined, refused)).toMatchObject({ state: "Refused" });
  });

  test("named by a digest runs by the same one", () => {
    const pinned = questionOf(asked(), `${reference}@${digest}`, undefined)!;
    const found = { policy: pinned.policy, reference: pinned.reference, state: "Found", digest } as const;
    expect(acceptanceOf(pinned, undefined, found)).toMatchObject({ image: `${reference}@${digest}` });
  });
});
