import { expect, test } from "vitest";
import { RemoteServer } from "../../../../server/mcp/transports/stdio/remote-server.ts";

const failing = (code: string) =>
  new RemoteServer({
    url: "https://mcp.example.com/mcp",
    apiKey: "a-key",
    fetch: () =>
      Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("it failed"), { code }) })),
  });

const ask = (code: string) =>
  failing(code).ask({ method: "POST", headers: {}, body: "{}", signal: new AbortController().signal });

test.each([
  ["ECONNRESET", "may or may not have been done"],
  ["UND_ERR_SOCKET", "may or may not have been done"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "NODE_EXTRA_CA_CERTS"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "NODE_EXTRA_CA_CERTS"],
  ["ESOMETHING", "it cannot be reached (ESOMETHING)"],
])("%s is not tried again, and told as '%s'", async (code, words) => {
  await expect(ask(code)).rejects.toThrow(words);
});

test("who does not wait any more ends the attempts", async () => {
  const abort = new AbortController();
  const asked = failing("ECONNREFUSED").ask({ method: "GET", headers: {}, signal: abort.signal });
  setTimeout(() => abort.abort(new Error("enough")), 300);
  await expect(asked).rejects.toThrow("enough");
});
