import { expect, test } from "vitest";
import type { Client } from "../../../operator/runtime/client.ts";
import { Controller } from "../../../operator/runtime/controller.ts";
import { fencedClient, NotLeadingError } from "../../../operator/runtime/fenced-client.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { ManualClock } from "./manual-clock.ts";
import { recordingLogger } from "./recording-logger.ts";
import { types } from "./samples.ts";

const object = { metadata: { namespace: "default", name: "one" } };
const path = "/api/v1/namespaces/default/configmaps/one";

/** A client that keeps what it is asked. */
function asked() {
  const requests: string[] = [];
  const answer = async (request: string) => {
    requests.push(request);
    return object as never;
  };
  const client: Client = {
    get: () => answer("get"),
    list: async () => [await answer("list")],
    request: ({ method }) => answer(method),
    create: () => answer("create"),
    apply: () => answer("apply"),
    delete: () => answer("delete"),
    watch: async function* () {
      yield await answer("watch");
    },
  };
  return { client, requests };
}

const writes = [
  ["a creation", (client: Client) => client.create(types.configMap, object, { fieldManager: "us" })],
  ["an apply", (client: Client) => client.apply(types.configMap, object, { fieldManager: "us" })],
  ["a deletion", (client: Client) => client.delete(types.configMap, "default", "one")],
  ...(["POST", "PUT", "PATCH", "DELETE"] as const).map(
    (method) => [`a ${method}`, (client: Client) => client.request({ method, path })] as const,
  ),
] as const;

test.each(writes)("%s is sent while the process leads, and not any more after that", async (_name, write) => {
  const { client, requests } = asked();
  let leads = true;
  const fenced = fencedClient(client, () => leads);
  await write(fenced);
  expect(requests).toHaveLength(1);
  leads = false;
  await expect(write(fenced)).rejects.toBeInstanceOf(NotLeadingError);
  expect(requests).toHaveLength(1);
});

test("reads go on, so that a standby knows what it needs", async () => {
  const { client, requests } = asked();
  const fenced = fencedClient(client, () => false);
  await fenced.get(path);
  await fenced.list(path);
  await fenced.request({ method: "GET", path });
  for await (const _event of fenced.watch(path, {}, new AbortController().signal)) break;
  expect(requests).toEqual(["get", "list", "GET", "watch"]);
});

test("a reconcile that is cut off like that is no error in the log", async () => {
  const logger = recordingLogger();
  const stop = new AbortController();
  const clock = new ManualClock();
  const controller = new Controller({
    ...{ name: "fenced", newId: () => "1", clock, logger, metrics: createMetrics() },
    reconcile: async () => {
      stop.abort();
      return { failures: [new NotLeadingError()] };
    },
  });
  controller.enqueue({ namespace: "default", name: "one" });
  const running = controller.run(stop.signal);
  await clock.advance(1_000);
  await running;
  expect(logger.entries.filter(({ level }) => level === "error")).toEqual([]);
});
