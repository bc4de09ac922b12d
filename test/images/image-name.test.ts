import { expect, test } from "vitest";
import { fullImageName } from "../../images/names.ts";

test.each([
  ["nginx", "docker.io/library/nginx:latest"],
  ["cctelegram/server:dev", "docker.io/cctelegram/server:dev"],
  ["docker.io/cctelegram/server", "docker.io/cctelegram/server:latest"],
  ["localhost/x:1", "localhost/x:1"],
  ["registry:5000/x", "registry:5000/x:latest"],
  ["ghcr.io/a/b@sha256:00", "ghcr.io/a/b@sha256:00"],
])("a node knows %s as %s", (short, full) => {
  expect(fullImageName(short)).toBe(full);
});
