import { once } from "node:events";
import { createServer as createPlainServer, type RequestListener, request } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { certificateIn } from "../../../../operator/deployment/exposure/certificate.ts";
import { exposureProbe } from "../../../../operator/deployment/exposure/dialer.ts";
import type { ExposureProbe, ExposureTarget } from "../../../../operator/deployment/exposure/probe.ts";
import { secret as ours } from "../../../server/support/fake-bridge.ts";
import { startServer, type TestServer } from "../../../server/support/server.ts";
import { Authority, type KeyPair } from "../support/certificates.ts";

const host = "mcp.example.com";
let authority: Authority;
let pair: KeyPair;
let server: TestServer;
const open: Server[] = [];

beforeAll(() => {
  authority = new Authority();
  pair = authority.issue({ name: host });
});
afterAll(() => authority.dispose());
beforeEach(async () => {
  const env = { MCP_PROXY_PORT: "0", MCP_BASE_PATH: "/team", MCP_ALLOWED_HOSTS: host };
  server = await startServer("http://127.0.0.1:9", env);
});
afterEach(async () => {
  await server.close();
  for (const each of open.splice(0)) {
    (each as Partial<{ closeAllConnections(): void }>).closeAllConnections?.();
    each.close();
  }
});

async function listen(listener: Server): Promise<number> {
  open.push(listener);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return (listener.address() as AddressInfo).port;
}

/** Acts as an ingress controller: ends TLS, and forwards. */
const passOn: RequestListener = (asked, answer) => {
  const { method, url, headers } = asked;
  const call = request(`${server.proxiedUrl}${url}`, { method, headers: { ...headers, "x-forwarded-proto": "https" } });
  call.on("response", (got) => {
    answer.writeHead(got.statusCode ?? 0, got.headers);
    got.pipe(answer);
  });
  call.end();
};

const secure = (pair: KeyPair, listener: RequestListener = passOn) => listen(createServer(pair, listener));

const fingerprint = ({ cert }: KeyPair) =>
  certificateIn({ "tls.crt": Buffer.from(cert).toString("base64") }).fingerprint;

type Names = Readonly<Record<string, readonly string[]>>;

function look(port: number, fields: Partial<ExposureTarget> = {}, names: Names = { [host]: ["127.0.0.1"] }) {
  const probe = exposureProbe({
    lookup: async (name) =>
      names[name] ?? Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" })),
    // The servers of this test are on loopback.
    mayDial: (address) => address === "127.0.0.1",
    newChallenge: () => "c3".repeat(32),
    now: Date.now,
    timeoutMs: 700,
  });
  return probe({
    namespace: "tools",
    name: "team",
    uid: "one",
    scheme: "https",
    host,
    addresses: ["127.0.0.1"],
    port,
    basePath: "/team",
    secrets: [ours],
    certificate: fingerprint(pair),
    ...fields,
  });
}

const failed = (reason: string, message: RegExp) =>
  expect.objectContaining({ answered: false, reason, message: expect.stringMatching(message) });

describe("the real server behind a proxy", () => {
  test("proves that it is ours, under its name and with its certificate", async () => {
    expect(await look(await secure(pair))).toEqual({ answered: true, certificateEnds: "2099-01-01T00:00:00.000Z" });
  });

  test("is found by the name of a load balancer, and by the second of two addresses", async () => {
    const port = await secure(pair);
    const names = { [host]: ["127.0.0.1"], "lb.example.net": ["127.0.0.1"] };
    expect(await look(port, { addresses: ["lb.example.net"] }, names)).toMatchObject({ answered: true });
  });

  test("is found without TLS where none is asked for", async () => {
    const port = await listen(createPlainServer(passOn));
    expect(await look(port, { scheme: "http", certificate: undefined })).toEqual({ answered: true });
    const bare = { scheme: "http", host: undefined, certificate: undefined } as const;
    expect(await look(port, bare)).toEqual({ answered: true });
  });

  test("is not ours when it has another secret, and is told apart from one that knows no proof", async () => {
    const port = await secure(pair);
    expect(await look(port, { secrets: ["another"] })).toEqual(failed("OtherServer", /another secret/));
    const old = await secure(pair, (_asked, answer) =>
      answer.end(JSON.stringify({ status: "healthy", service: "cctelegram", instance: "mcp-0" })),
    );
    expect(await look(old)).toEqual(failed("ServerTooOld", /image is too old/));
  });

  test("is told from a name without an address, and one that leads elsewhere is no failure", async () => {
    const port = await secure(pair);
    expect(await look(port, {}, {})).toEqual(
      failed("NameNotFound", /no DNS record for mcp\.example\.com.*127\.0\.0\.1/),
    );
    expect(await look(port, {}, { [host]: ["198.51.100.7"] })).toMatchObject({ answered: true, leadsElsewhere: true });
  });

  test("is not judged by DNS servers that are down", async () => {
    const port = await secure(pair);
    const probe = exposureProbe({
      lookup: () => Promise.reject(Object.assign(new Error("try again"), { code: "EAI_AGAIN" })),
      mayDial: () => true,
      newChallenge: () => "c3".repeat(32),
      now: Date.now,
    });
    const target = { namespace: "tools", name: "team", uid: "one", scheme: "https", host, port } as const;
    const rest = {
      addresses: ["127.0.0.1"],
      basePath: "/team",
      secrets: ["another", ours],
      certificate: fingerprint(pair),
    };
    expect(await probe({ ...target, ...rest })).toMatchObject({ answered: true });
  });
});

describe("a certificate", () => {
  test("that has ended is told with its day", async () => {
    const ended = authority.issue({ name: host, notAfter: "20250601000000Z" });
    const port = await secure(ended);
    expect(await look(port, { certificate: fingerprint(ended) })).toEqual(failed("CertificateExpired", /2025-06-01/));
  });

  test("that is not valid yet is told", async () => {
    const early = authority.issue({ name: host, notBefore: "20980101000000Z" });
    const port = await secure(early);
    expect(await look(port, { certificate: fingerprint(early) })).toEqual(failed("CertificateNotYetValid", /clocks/));
  });

  test("for another host is told with its names", async () => {
    const other = authority.issue({ name: "other.example.com" });
    const port = await secure(other);
    expect(await look(port, { certificate: fingerprint(other) })).toEqual(
      failed("CertificateForOtherHost", /for other\.example\.com and not for mcp\.example\.com/),
    );
  });

  test("other than that in the Secret is told, though it has the name", async () => {
    const port = await secure(authority.issue({ name: host }));
    expect(await look(port)).toEqual(failed("CertificateNotOurs", /the presented certificate \(mcp\.example\.com\)/));
  });

  test("of an authority that nobody knows is told where it is not known to be ours", async () => {
    const port = await secure(pair);
    expect(await look(port, { certificate: undefined })).toEqual(
      failed("CertificateNotTrusted", /NODE_EXTRA_CA_CERTS/),
    );
  });

  test("cannot be read at all where nobody speaks TLS", async () => {
    const port = await listen(createPlainServer(passOn));
    expect(await look(port)).toEqual(failed("TLSFailed", /TLS handshake with .* for mcp\.example\.com failed/));
  });

  test("of TLS 1.1 is none", async () => {
    const old = createServer(
      { ...pair, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" },
      passOn,
    );
    expect(await look(await listen(old))).toEqual(failed("TLSFailed", /TLS/));
  });
});

describe("an answer", () => {
  const answering = (status: number, headers = {}, body = "") =>
    secure(pair, (_asked, answer) => answer.writeHead(status, headers).end(body));

  test.each([
    [404, "RouteNotFound", /404/],
    [502, "BackendUnreachable", /exposure\.from/],
    [503, "BackendUnreachable", /503/],
    [401, "UnexpectedAnswer", /401/],
    [200, "OtherServer", /something other than the MCP server answers/],
  ])("of HTTP %i is %s", async (status, reason, message) => {
    expect(await look(await answering(status))).toEqual(failed(reason, message));
  });

  test("that sends on is not followed", async () => {
    const asked: string[] = [];
    const elsewhere = await listen(
      createPlainServer(({ url = "" }, answer) => {
        asked.push(url);
        answer.end();
      }),
    );
    const port = await answering(302, {
      location: `http://127.0.0.1:${elsewhere}/\u001b[31m`.replace("\u001b", "%1b"),
    });
    expect(await look(port)).toEqual(failed("Redirected", /redirects to http:\/\/127\.0\.0\.1/));
    expect(asked).toEqual([]);
  });

  test("from another server behind the right certificate is no proof, whatever it sends back", async () => {
    const port = await secure(pair, (asked, answer) => {
      const said = asked.headers["x-cctelegram-challenge"];
      answer.writeHead(200, { "x-cctelegram-proof": String(said) }).end("{}");
    });
    expect(await look(port)).toEqual(failed("OtherServer", /another secret/));
  });

  test("holds no secret of ours, and neither does the question", async () => {
    const heard: string[] = [];
    const port = await secure(pair, (asked, answer) => {
      heard.push(JSON.stringify([asked.url, asked.rawHeaders]));
      answer.end("{}");
    });
    await look(port);
    expect(heard).toHaveLength(1);
    expect(heard[0]).not.toContain(ours);
    expect(heard[0]).not.toMatch(/x-api-key|authorization|cookie/i);
  });

  test.each([
    ["that never comes", (socket: Socket) => void socket, /in time/],
    ["without an end", (socket: Socket) => endless(socket), /longer than|in time/],
    ["of headers without an end", (socket: Socket) => endlessHeaders(socket), /HPE_HEADER_OVERFLOW|in time/],
    ["that is no HTTP", (socket: Socket) => socket.end("SSH-2.0-x\r\n"), /HPE_/],
    ["that breaks off", (socket: Socket) => socket.destroy(), /closed|ECONNRESET|hang up/],
  ])("%s is given up", async (_what, behave, cause) => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => behave(socket));
      }),
    );
    const startedAt = Date.now();
    const plain = { scheme: "http", certificate: undefined } as const;
    expect(await look(port, plain)).toEqual(failed("NoAnswer", cause));
    expect(Date.now() - startedAt).toBeLessThan(20_000);
  });

  test("in control characters is cleaned before anybody reads it", async () => {
    const port = await secure(pair, (_asked, answer) => {
      answer.writeHead(302, { location: "http://x/\u0085\u009b31m" }).end();
    });
    const found = (await look(port)) as Extract<ExposureProbe, { answered: false }>;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(found.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

function endless(socket: Socket): void {
  socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
  const more = () => socket.writable && socket.write("x".repeat(4096), () => setImmediate(more));
  more();
}

function endlessHeaders(socket: Socket): void {
  socket.write("HTTP/1.1 200 OK\r\n");
  const more = () => socket.writable && socket.write(`x-more: ${"y".repeat(1024)}\r\n`, () => setImmediate(more));
  more();
}

describe("an address", () => {
  test("at which nobody listens is told, with what to look at", async () => {
    const port = await listen(createPlainServer());
    open.pop()?.close();
    expect(await look(port)).toEqual(
      failed("AddressUnreachable", /no connection to 127\.0\.0\.1 port \d+ \(ECONNREFUSED\)/),
    );
  });

  test("that nobody outside could mean is not called, by number or by name", async () => {
    const names = { "lb.example.net": ["169.254.169.254"], [host]: [] };
    for (const address of ["169.254.169.254", "::1", "lb.example.net"]) {
      expect(await look(443, { addresses: [address] }, names)).toEqual(
        failed("AddressNotPublic", /clients cannot use it/),
      );
    }
    expect(await look(443, { addresses: ["nowhere.example.net"] }, names)).toEqual(
      failed("AddressNotResolved", /leads nowhere/),
    );
  });
});
