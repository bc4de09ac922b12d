import { timingSafeEqual } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { challengeHeader, proofHeader, proofOf } from "../../../contract/proof.ts";
import { routes } from "../../../contract/routes.ts";
import { answerText } from "../../runtime/answer-text.ts";
import { printable } from "../printable.ts";
import { originOf } from "./exposure.ts";
import { ConnectError, connectTo } from "./outside-connection.ts";
import { type ExposureAnswer, type ExposureProbe, type ExposureTarget, exposureFails } from "./probe.ts";
import { certificateProblem, endOf } from "./shown-certificate.ts";

type Options = {
  /** All addresses of a name; rejects with the code ENOTFOUND when it has none. */
  readonly lookup: (name: string) => Promise<readonly string[]>;
  /** Whether a connection may be opened to an address. */
  readonly mayDial: (address: string) => boolean;
  /** 64 random hexadecimal digits. */
  readonly newChallenge: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Timeout for one address. Default 5 s. */
  readonly timeoutMs?: number;
};

/** At most so many addresses are tried, one after the other, as a client does. */
const mostTried = 4;

/** In characters: a health page has about two hundred. */
const longestAnswer = 16 * 1024;

/**
 * Probes the public address like a client: name, connection, certificate, answer, and whether our server answers. It
 * connects to the addresses that controllers have written to statuses, and sends no secret there: the server has to prove its identity.
 */
export function exposureProbe(options: Options): (target: ExposureTarget) => Promise<ExposureProbe> {
  return async (target) => {
    const addresses = await dialledAddresses(target, options);
    if (!Array.isArray(addresses)) return addresses as ExposureProbe;
    const found = await firstAnswer(target, addresses, options);
    return found.answered && target.host !== undefined ? withName(found, target.host, addresses, options) : found;
  };
}

/** The addresses behind those in the status, without those that the operator must not connect to. */
async function dialledAddresses(
  { addresses }: ExposureTarget,
  { lookup, mayDial }: Options,
): Promise<string[] | ExposureProbe> {
  const found = await Promise.all(addresses.map((each) => (isIP(each) === 0 ? lookup(each).catch(() => []) : [each])));
  const all = [...new Set(found.flat())];
  const named = addresses.slice(0, 3).join(", ");
  if (all.length === 0)
    return exposureFails("AddressNotResolved", `the load balancer's name ${named} leads nowhere yet`);
  const allowed = all.filter(mayDial).slice(0, mostTried);
  if (allowed.length > 0) return allowed;
  return exposureFails(
    "AddressNotPublic",
    `the address ${named} is a loopback, link-local, metadata or API server address: clients cannot use it`,
  );
}

/** The first address that answers, or what is wrong with the last one. */
async function firstAnswer(target: ExposureTarget, addresses: readonly string[], options: Options) {
  let found = exposureFails("AddressUnreachable", "there is no address");
  for (const address of addresses) {
    found = await ask(target, address, options);
    if (found.answered || found.reason !== "AddressUnreachable") return found;
  }
  return found;
}

async function ask(target: ExposureTarget, address: string, options: Options): Promise<ExposureProbe> {
  const { timeoutMs = 5_000, now } = options;
  const { scheme, port } = target;
  const host = target.host ?? address;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  try {
    const socket = await connectTo({ scheme, address, port, host, signal: deadline.signal });
    try {
      if (!(socket instanceof TLSSocket)) return await askServer(target, host, socket, options);
      const problem = certificateProblem(socket, { host, certificate: target.certificate, nowMs: now() });
      return problem ?? withEnd(await askServer(target, host, socket, options), socket);
    } finally {
      socket.destroy();
    }
  } catch (error) {
    return connectionProblem(error, { address, port, host, late: deadline.signal.aborted });
  } finally {
    clearTimeout(timer);
  }
}

function withEnd(found: ExposureProbe, socket: TLSSocket): ExposureProbe {
  const certificate = socket.getPeerX509Certificate();
  return found.answered && certificate ? { ...found, certificateEnds: endOf(certificate) } : found;
}

type Where = { readonly address: string; readonly port: number; readonly host: string; readonly late: boolean };

function connectionProblem(error: unknown, { address, port, host, late }: Where): ExposureProbe {
  const step = error instanceof ConnectError ? error.step : "answer";
  const place = `${address} port ${port}`;
  const cause = late ? "nothing came back in time" : printable(codeOf(error), 64);
  if (step === "connection")
    return exposureFails(
      "AddressUnreachable",
      `no connection to ${place} (${cause}): check the load balancer, its firewall, and the operator's own network policy`,
    );
  if (step === "tls")
    return exposureFails("TLSFailed", `the TLS handshake with ${place} for ${host} failed (${cause})`);
  return exposureFails(
    "NoAnswer",
    `${place} accepted the request for ${host} but did not answer it properly (${cause})`,
  );
}

const codeOf = (error: unknown) => {
  const cause = error instanceof ConnectError ? error.cause : error;
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  return String(code ?? message ?? "closed");
};

/** Requests /health with a challenge. Redirects are not followed: the other side could redirect anywhere. */
async function askServer(
  { basePath, scheme, port, secrets }: ExposureTarget,
  host: string,
  socket: Socket,
  { newChallenge }: Options,
): Promise<ExposureProbe> {
  const challenge = newChallenge();
  const path = `${basePath}${routes.health}`;
  const authority = new URL(originOf({ scheme, port }, host)).host;
  const answer = await exchange(socket, path, { host: authority, [challengeHeader]: challenge });
  const proof = answer.headers[proofHeader];
  const text = await answerText(answer, longestAnswer);
  const problem = statusProblem(answer, `${originOf({ scheme, port }, host)}${path}`);
  if (problem) return problem;
  if (secrets.some((secret) => isProof(proof, secret, challenge))) return { answered: true };
  return strangerProblem(proof !== undefined, text);
}

function exchange(socket: Socket, path: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Without an agent, which would open its own connection.
    const call = request({ method: "GET", path, headers, createConnection: () => socket });
    call.on("error", reject);
    call.on("close", () => reject(new Error("closed")));
    call.on("response", resolve);
    call.end();
  });
}

function isProof(proof: string | string[] | undefined, secret: string, challenge: string): boolean {
  if (typeof proof !== "string") return false;
  const expected = proofOf(secret, challenge) ?? "";
  return proof.length === expected.length && timingSafeEqual(Buffer.from(proof), Buffer.from(expected));
}

function statusProblem({ statusCode = 0, headers }: IncomingMessage, url: string): ExposureProbe | undefined {
  if (statusCode === 200) return undefined;
  if (statusCode >= 300 && statusCode < 400)
    return exposureFails(
      "Redirected",
      `${url} redirects to ${printable(headers.location ?? "nowhere", 128)}, but MCP clients do not follow redirects with their key: configure the proxy to answer here`,
    );
  if (statusCode === 404)
    return exposureFails(
      "RouteNotFound",
      `${url} is answered with HTTP 404: the proxy has no route for it, or routes it elsewhere`,
    );
  if (statusCode >= 502 && statusCode <= 504)
    return exposureFails(
      "BackendUnreachable",
      `the proxy answers ${url} with HTTP ${statusCode}: it cannot reach the server's pods. Check that exposure.from selects the proxy's pods`,
    );
  return exposureFails("UnexpectedAnswer", `${url} is answered with HTTP ${statusCode} instead of 200`);
}

function strangerProblem(hasProof: boolean, text: string): ExposureProbe {
  if (hasProof)
    return exposureFails(
      "OtherServer",
      "a CCTelegram server with another secret answers: another installation has this host and path",
    );
  if (isHealthPage(text))
    return exposureFails(
      "ServerTooOld",
      "a CCTelegram server answers, but its image is too old to prove which one it is: upgrade it",
    );
  return exposureFails(
    "OtherServer",
    "something other than the MCP server answers: check what else has this host and path",
  );
}

function isHealthPage(text: string): boolean {
  try {
    const { status, service, instance } = JSON.parse(text);
    return status === "healthy" && typeof service === "string" && typeof instance === "string";
  } catch {
    return false;
  }
}

/** A name without an address keeps clients out. One with other addresses may be right: a CDN, or other DNS answers inside the cluster. */
async function withName(
  found: ExposureAnswer,
  host: string,
  addresses: readonly string[],
  { lookup }: Options,
): Promise<ExposureProbe> {
  try {
    const named = await lookup(host);
    return named.some((address) => addresses.includes(address)) ? found : { ...found, leadsElsewhere: true };
  } catch (error) {
    // Errors of DNS servers say nothing about the name.
    if (!["ENOTFOUND", "ENODATA"].includes((error as { code?: string }).code ?? "")) return found;
    return exposureFails(
      "NameNotFound",
      `there is no DNS record for ${host}: create one for ${addresses.join(", ")}, where the server answers`,
    );
  }
}
