import { expect, test } from "vitest";
import { TokenSecrets } from "../../../../operator/deployment/references/token-secret.ts";
import { ApiError } from "../../../../operator/runtime/api-error.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import { Store, type Stored } from "../../../../operator/runtime/store.ts";

/** A namespace with one Secret "telegram", or none. */
function namespace(answer: () => Record<string, string> | undefined, salt = "salt") {
  const metadata = new Store<Stored>();
  const reads: string[] = [];
  const client: Pick<Client, "get"> = {
    get: async <T>(path: string) => {
      reads.push(path);
      const data = answer();
      if (data === undefined) throw new ApiError({ method: "GET", path, status: 404 });
      return { data } as T;
    },
  };
  const secrets = new TokenSecrets(client, (namespace, name) => metadata.get(namespace, name), salt);
  return {
    reads,
    /** The Secret as a metadata watch sees it. */
    seen: (resourceVersion: string) =>
      void metadata.set({ namespace: "tools", name: "telegram", uid: "one", resourceVersion }),
    /** The Secret is deleted, or its labels change: this watch no longer sees it. */
    lost: () => void metadata.delete("tools", "telegram"),
    fingerprint: (key = "token") => secrets.fingerprint("tools", { name: "telegram", key }),
    state: (key = "token") => secrets.state("tools", { name: "telegram", key }),
  };
}

const filled = { token: "MTpB", empty: "" };

test("a Secret that is not there is not asked for", async () => {
  const { state, reads } = namespace(() => filled);
  expect(await state()).toBe("Missing");
  expect(reads).toEqual([]);
});

test("one version is read once, however many ask at the same time and for whichever key", async () => {
  const { state, seen, reads } = namespace(() => filled);
  seen("1");
  expect(await Promise.all([state(), state(), state("other"), state("empty")])).toEqual([
    "Present",
    "Present",
    "KeyMissing",
    "KeyMissing",
  ]);
  expect(reads).toEqual(["/api/v1/namespaces/tools/secrets/telegram"]);
  seen("2");
  await state();
  expect(reads).toHaveLength(2);
});

test("a Secret that went away between the watch and the read is missing", async () => {
  const { state, seen } = namespace(() => undefined);
  seen("1");
  expect(await state()).toBe("Missing");
});

test("a read that failed is tried again", async () => {
  let broken = true;
  const { state, seen } = namespace(() => {
    if (broken) throw new Error("connection reset");
    return filled;
  });
  seen("1");
  await expect(state()).rejects.toThrow("connection reset");
  broken = false;
  expect(await state()).toBe("Present");
});

test("a Secret that no watch has any more is asked for until it is gone, and then no longer", async () => {
  let data: Record<string, string> | undefined = filled;
  const { state, seen, lost, reads } = namespace(() => data);
  seen("1");
  expect(await state()).toBe("Present");
  lost();
  expect(await state()).toBe("Present");
  data = undefined;
  expect([await state(), await state()]).toEqual(["Missing", "Missing"]);
  expect(reads).toHaveLength(3);
});

test("equal tokens have equal fingerprints, whatever white space is around them, and other operators have others", async () => {
  const data = { token: "MTpB", line: btoa("1:A\n"), other: btoa("1:B"), empty: "" };
  const { fingerprint, seen } = namespace(() => data);
  expect(await fingerprint()).toBeUndefined();
  seen("1");
  expect(await fingerprint("line")).toBe(await fingerprint());
  expect(await fingerprint("other")).not.toBe(await fingerprint());
  expect(await fingerprint("empty")).toBeUndefined();
  const elsewhere = namespace(() => data, "pepper");
  elsewhere.seen("1");
  expect(await elsewhere.fingerprint()).not.toBe(await fingerprint());
});
