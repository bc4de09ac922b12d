import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";

/** Certificates are made by it. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

export type TlsFront = {
  readonly port: number;
  /** File of the certificate that a client has to trust. */
  readonly cert: string;
  close(): void;
};

/** Makes a certificate for a name that signs itself, as files. */
export function certificateFor(name: string, folder: string): { readonly key: string; readonly cert: string } {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  execFileSync("openssl", ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { key, cert };
}

/** Ends TLS under a name, in front of a port that speaks plain text. */
export async function tlsInFrontOf(plain: number, name: string, folder: string): Promise<TlsFront> {
  const { key, cert } = certificateFor(name, folder);
  const tls = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
    const upstream = connect(plain, "127.0.0.1");
    socket.on("error", () => upstream.destroy()).pipe(upstream);
    upstream.on("error", () => socket.destroy()).pipe(socket);
  });
  await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
  return { port: (tls.address() as AddressInfo).port, cert, close: () => void tls.close() };
}
