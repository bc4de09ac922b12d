import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { type Agent, type RequestOptions, request } from "node:https";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";

/** A certificate of this machine that signs itself, and its key, as files and as text. */
export type MadeCertificate = {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
};

const openssl = (...args: readonly string[]) => execFileSync("openssl", args, { stdio: "ignore" });

const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes one under a name, valid for two days, or for as many as are said. */
export function makeCertificate(folder: string, name: string, days = 2, kind = curve): MadeCertificate {
  const [keyPath, certPath] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:${name}`];
  openssl("req", "-x509", ...kind, ...subject, "-days", `${days}`, "-keyout", keyPath, "-out", certPath);
  return { certPath, keyPath, cert: readFileSync(certPath, "utf8"), key: readFileSync(keyPath, "utf8") };
}

/** The same key behind a passphrase. */
export function lockedKey(folder: string, { keyPath }: MadeCertificate): string {
  const path = join(folder, "locked.key");
  openssl("pkcs8", "-topk8", "-in", keyPath, "-out", path, "-passout", "pass:secret");
  return path;
}

export type HttpsAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

/** Asks an https URL, trusting this certificate and no other. */
export async function ask(
  url: string,
  ca: string,
  { agent, headers, servername, method = "GET", body }: RequestOptions & { agent?: Agent; body?: string } = {},
): Promise<HttpsAnswer> {
  const asked = request(url, {
    ...{ ca, method },
    ...(agent && { agent }),
    ...(headers && { headers }),
    ...(servername && { servername }),
  });
  const answered = once(asked, "response");
  asked.end(body);
  const [response] = await answered;
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, headers: response.headers, body: text };
}

/** Shakes hands with a port; rejects with what OpenSSL says. */
export async function handshake(url: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** The name in the certificate that a port shows to a new connection. */
export async function shownName(url: string): Promise<string> {
  const socket = await handshake(url);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}
