import { afterAll, beforeAll, expect, test } from "vitest";
import { canonicalQuantity } from "../../../operator/runtime/quantity.ts";
import { type TestNamespace, testNamespace } from "./api-server.ts";
import { types } from "./samples.ts";

let world: TestNamespace;
beforeAll(async () => {
  world = await testNamespace("quantity");
});
afterAll(() => world.dispose());

const quantities = [
  ...["0", "1", "0.5", ".5", "5.", "1.5", "1000m", "1500m", "100m", "0.1", "0.0001", "1000", "1000k", "1500k", "1e3"],
  ...["15e2", "1E3", "1.5e1", "12e-1", "1e-3", "1Ki", "1024", "1024Ki", "1024Mi", "1000Mi", "1.5Gi", "0.5Gi", "0.5Ki"],
  ...["1000Ki", "0.001Ki", "1025Ki", "1n", "1000n", "1u", "1500u", "0.1n", "1.0000000001", "2E", "2Ei", "+5Mi", "007"],
  ...[
    "100000000Mi",
    "1M",
    "1000M",
    "1G",
    "128Mi",
    "2.50",
    "0.3Mi",
    "1000000000000Ki",
    "0Mi",
    "10000e3",
    "1.250",
    "1.500",
    "0.250",
    "12345678.123456789",
    "+1.5",
    "62.5Ki",
    "1.953125Ki",
  ],
];

test("quantities are written as the API server stores them", async () => {
  const labels = { a: "b" };
  const volumes = quantities.map((sizeLimit, index) => ({ name: `v${index}`, emptyDir: { sizeLimit } }));
  const live = await world.client.apply(
    types.deployment,
    {
      metadata: { name: "quantities", namespace: world.namespace },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }], volumes } },
      },
    },
    { fieldManager: "test" },
  );
  const stored = (live.spec as { template: { spec: { volumes: typeof volumes } } }).template.spec.volumes;
  const seen = Object.fromEntries(stored.map(({ emptyDir }, index) => [quantities[index], emptyDir.sizeLimit]));
  expect(Object.fromEntries(quantities.map((text) => [text, canonicalQuantity(text)]))).toEqual(seen);
});

test.each(["", "m", "1 Gi", "1gi", "1KiB", "abc", "1.2.3", "0x1", "1e", "--1"])('"%s" is refused', (text) => {
  expect(() => canonicalQuantity(text)).toThrow("is not a resource quantity");
});
