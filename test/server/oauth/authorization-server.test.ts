import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { documentAt, keysUrlOf, metadataUrls } from "../../../server/access/oauth/authorization-server.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let answer: Answer;
let requests: string[];
let origin: string;
let stop: () => Promise<unknown>;

beforeEach(async () => {
  requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
});
afterEach(() => stop());

const json =
  (document: unknown): Answer =>
  (_request, response) =>
    response.end(JSON.stringify(document));

describe("an authorization server that means no good", () => {
  const read = (signal?: AbortSignal) => documentAt(`${origin}/jwks`, fetch, signal);

  test("leads nowhere else", async () => {
    answer = (_request, response) => response.writeHead(302, { location: `${origin}/elsewhere` }).end();
    await expect(read()).rejects.toThrow("it answered with status 302");
    expect(requests).toEqual(["/jwks"]);
  });

  test("fills no memory, however long it goes on", async () => {
    let sent = 0;
    answer = (_request, response) => {
      const more = (): void => {
        if (response.destroyed || sent > 50 * 2 ** 20) return;
        sent += 2 ** 16;
        if (response.write(Buffer.alloc(2 ** 16, 0x20))) setImmediate(more);
        else response.once("drain", more);
      };
      more();
    };
    await expect(read()).rejects.toThrow("larger than 262144 bytes");
    expect(sent).toBeLessThan(50 * 2 ** 20);
  });

  test("holds nobody up", async () => {
    answer = (_request, response) => response.write("{");
    await expect(read(AbortSignal.timeout(100))).rejects.toThrow("it did not answer within 5 s");
  });

  test("is told apart from one that has nothing there", async () => {
    answer = (_request, response) => response.writeHead(404).end();
    expect(await read()).toBeUndefined();
    answer = (_request, response) => response.writeHead(500).end("<secret>");
    await expect(read()).rejects.toThrow(/^it answered with status 500$/);
    answer = (_request, response) => response.end("<html>");
    await expect(read()).rejects.toThrow(/^its answer is not valid JSON$/);
    await stop();
    await expect(read()).rejects.toThrow(/^it cannot be reached \(\w+\)$/);
  });
});

describe("the keys of an issuer", () => {
  test("are where the metadata says that RFC 8414 or OpenID Connect has, in the order of MCP", () => {
    expect(metadataUrls("https://auth.example.com/")).toEqual([
      "https://auth.example.com/.well-known/oauth-authorization-server",
      "https://auth.example.com/.well-known/openid-configuration",
    ]);
    expect(metadataUrls("https://auth.example.com/realms/team")).toEqual([
      "https://auth.example.com/.well-known/oauth-authorization-server/realms/team",
      "https://auth.example.com/.well-known/openid-configuration/realms/team",
      "https://auth.example.com/realms/team/.well-known/openid-configuration",
    ]);
  });

  test("are not asked for where they are configured", async () => {
    const jwksUrl = "https://keys.example.com/jwks";
    expect(await keysUrlOf({ issuer: origin, jwksUrl }, fetch)).toBe(jwksUrl);
    expect(requests).toEqual([]);
  });

  test("are not taken from the metadata of another issuer", async () => {
    answer = json({ issuer: "https://auth.example.com", jwks_uri: `${origin}/jwks` });
    await expect(keysUrlOf({ issuer: origin }, fetch)).rejects.toThrow("it is of another issuer");
  });

  test("are not looked for on an origin to which the metadata leads, unless that is configured", async () => {
    answer = json({ issuer: origin, jwks_uri: "http://169.254.169.254/latest" });
    await expect(keysUrlOf({ issuer: origin }, fetch)).rejects.toThrow("set MCP_OAUTH_JWKS_URL if it is meant");
    expect(requests).toHaveLength(2);
  });
});
