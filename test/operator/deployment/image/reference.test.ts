import { describe, expect, test } from "vitest";
import { imageOf, parseReference } from "../../../../operator/deployment/image/reference.ts";
import { specOf } from "../support/blueprint.ts";

const digest = `sha256:${"a".repeat(64)}`;

test.each([
  ["nginx", "registry-1.docker.io", "library/nginx", "latest", undefined],
  ["cctelegram/server:0.1.0", "registry-1.docker.io", "cctelegram/server", "0.1.0", undefined],
  ["docker.io/nginx:1", "registry-1.docker.io", "library/nginx", "1", undefined],
  ["localhost/server", "localhost", "server", "latest", undefined],
  ["registry.example.com/team/server:1.2.3", "registry.example.com", "team/server", "1.2.3", undefined],
  ["registry.example.com:5000/server", "registry.example.com:5000", "server", "latest", undefined],
  [`ghcr.io/team/server@${digest}`, "ghcr.io", "team/server", "latest", digest],
  [`ghcr.io/team/server:1.2.3@${digest}`, "ghcr.io", "team/server", "1.2.3", digest],
])("%s is read as container runtimes read it", (reference, registry, repository, tag, wanted) => {
  expect(parseReference(reference)).toMatchObject({ registry, repository, tag, digest: wanted });
});

describe("the image of a resource", () => {
  const shipped = "registry:5000/cctelegram/server:1.0.0@sha256:0123";

  test.each([
    [{}, shipped],
    [{ version: "2.0.0" }, "registry:5000/cctelegram/server:2.0.0"],
    [{ images: { server: "example.com/mine" } }, "example.com/mine"],
    [{ images: { server: "example.com:5000/mine" }, version: "2.0.0" }, "example.com:5000/mine:2.0.0"],
  ])("of %o is %s", (fields, image) => {
    expect(imageOf(specOf(fields), shipped)).toBe(image);
  });
});
