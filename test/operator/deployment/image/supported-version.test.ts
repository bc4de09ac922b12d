import { describe, expect, test } from "vitest";
import { unsupported } from "../../../../operator/deployment/image/supported-version.ts";
import { version } from "../../../../operator/version.ts";
import packageJson from "../../../../package.json" with { type: "json" };

test("the operator's version is that of package.json", () => {
  expect(version).toBe(packageJson.version);
});

describe("an operator 0.5.2", () => {
  test.each(["0.5.0", "0.5.9", "v0.5.2", "0.4.0", "0.4.17", "0.5.3-rc.1", "0.5.2+build.7"])("runs %s", (image) => {
    expect(unsupported(image, "0.5.2")).toBeUndefined();
  });

  test.each(["latest", "main", "0.6", "6", "nightly-20261126", "", "0.6.0.1"])(
    "cannot tell of %s, and lets it through",
    (image) => {
      expect(unsupported(image, "0.5.2")).toBeUndefined();
    },
  );

  test.each(["0.6.0", "1.0.0", "v2.3.4"])("refuses %s, and says to upgrade the operator first", (image) => {
    expect(unsupported(image, "0.5.2")).toContain("upgrade the operator first");
  });

  test.each(["0.3.9", "0.0.1"])("refuses %s, and says which versions it runs", (image) => {
    expect(unsupported(image, "0.5.2")).toMatch(/older than 0\.4.*release of 0\.4 or 0\.5/);
  });
});

test("after a new major version all of the one before are run", () => {
  expect(unsupported("1.7.0", "2.0.0")).toBeUndefined();
  expect(unsupported("0.9.0", "2.0.0")).toContain("older than 1.0");
});
