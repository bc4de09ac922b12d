import { describe, expect, test } from "vitest";
import { digestOf } from "../../../../operator/deployment/image/cosign.ts";
import type { Get } from "../../../../operator/deployment/image/guarded-get.ts";
import { Repository } from "../../../../operator/deployment/image/registry.ts";

const manifest = Buffer.from("{}");

/** A registry that wants a token of another server, as Docker Hub does; records what it is asked with. */
function hub(realm = "https://auth.example.com/token") {
  const asked: { readonly url: string; readonly authorization: string | undefined }[] = [];
  const get: Get = async (url, { headers = {} }) => {
    const { authorization } = headers;
    asked.push({ url: url.href, authorization });
    if (url.host === "auth.example.com") return { status: 200, headers: {}, body: Buffer.from('{"token":"granted"}') };
    if (authorization === "Bearer granted") return { status: 200, headers: {}, body: manifest };
    const challenge = `Bearer realm="${realm}",service="registry.example.com"`;
    return { status: 401, headers: { "www-authenticate": challenge }, body: Buffer.alloc(0) };
  };
  const repository = (credentials?: { username: string; password: string }) =>
    new Repository({ get, registry: "registry.example.com", repository: "team/server", isPlain: false, credentials });
  return { asked, repository };
}

describe("a registry that wants a token", () => {
  test("is asked with one for this repository alone, which is got without a password where there is none", async () => {
    const { asked, repository } = hub();
    expect(await repository().manifest("1.0.0")).toEqual(manifest);
    expect(asked[1]).toEqual({
      url: "https://auth.example.com/token?service=registry.example.com&scope=repository%3Ateam%2Fserver%3Apull",
      authorization: undefined,
    });
  });

  test("gets the password only at the place that gives tokens", async () => {
    const { asked, repository } = hub();
    await repository({ username: "a", password: "b" }).manifest("1.0.0");
    expect(asked.map(({ authorization }) => authorization)).toEqual([undefined, "Basic YTpi", "Bearer granted"]);
  });

  test("whose place of tokens is no URL is refused", async () => {
    await expect(hub("nowhere").repository().manifest("1.0.0")).rejects.toThrow("HTTP 401");
  });
});

test("a digest that a registry does not name is counted from the manifest", async () => {
  const get: Get = async () => ({ status: 200, headers: { "docker-content-digest": "md5:1" }, body: manifest });
  const options = { registry: "r.example.com", repository: "a", isPlain: false, credentials: undefined };
  expect(await new Repository({ get, ...options }).resolve("1")).toBe(digestOf(manifest));
});

test("a blob with other bytes than its name says is not taken", async () => {
  const get: Get = async () => ({ status: 200, headers: {}, body: Buffer.from("other") });
  const options = { registry: "r.example.com", repository: "a", isPlain: false, credentials: undefined };
  await expect(new Repository({ get, ...options }).blob(digestOf(manifest), 100)).rejects.toThrow("other bytes");
});
