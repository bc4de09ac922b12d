import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureVersion } from "node:tls";
import { readSmallFile } from "../../config/small-file.ts";
import { codeOf } from "../process/start-error.ts";

/** Where certificate and key are, and the oldest version of TLS that is spoken. */
export type TlsConfig = {
  /** The certificate, followed by those that lead to its issuer. */
  readonly certPath: string;
  readonly keyPath: string;
  readonly minVersion: Extract<SecureVersion, "TLSv1.2" | "TLSv1.3">;
};

/** A certificate that its key belongs to; times in Unix milliseconds. */
export type CertificatePair = {
  readonly cert: string;
  readonly key: string;
  readonly validFrom: number;
  readonly expiresAt: number;
};

/** Why two files are no certificate with its key. Never holds their content. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/**
 * Reads a certificate and its key. Both are judged as a whole before they are used, because they may have been read while somebody
 * wrote them. Throws CertificateError.
 */
export function readPair({ certPath, keyPath, minVersion }: TlsConfig): CertificatePair {
  const cert = textOf("TLS_CERT_PATH", certPath);
  const key = textOf("TLS_KEY_PATH", keyPath);
  const certificate = leafOf(cert);
  const ownKey = privateKey(key);
  if (!isAccepted(() => certificate.checkPrivateKey(ownKey))) {
    throw new CertificateError("the key in TLS_KEY_PATH does not belong to the certificate in TLS_CERT_PATH");
  }
  if (!isAccepted(() => createSecureContext({ cert, key, minVersion }) !== undefined)) {
    throw new CertificateError("OpenSSL refuses the certificate or its key, as one that is too short");
  }
  return {
    cert,
    key,
    validFrom: certificate.validFromDate.getTime(),
    expiresAt: certificate.validToDate.getTime(),
  };
}

/** OpenSSL throws what it refuses. */
function isAccepted(ask: () => boolean): boolean {
  try {
    return ask();
  } catch {
    return false;
  }
}

function textOf(variable: string, path: string): string {
  try {
    return readSmallFile(path);
  } catch (error) {
    const code = codeOf(error) ?? "unknown error";
    const reasons: Readonly<Record<string, string>> = { EISDIR: "is a directory", EFBIG: "is larger than 1 MiB" };
    throw new CertificateError(`the file in ${variable} ${reasons[code] ?? `cannot be read (${code})`}`);
  }
}

/** The first certificate; OpenSSL would leave out what comes behind one that is cut off. */
function leafOf(text: string): X509Certificate {
  const parts = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const begun = text.match(/-----BEGIN /g)?.length ?? 0;
  const [leaf] = parts.length === begun ? parts.map(certificateIn) : [];
  if (leaf === undefined) {
    throw new CertificateError("the file in TLS_CERT_PATH holds no certificates in PEM form, or one is cut off");
  }
  return leaf;
}

function certificateIn(part: string): X509Certificate {
  try {
    return new X509Certificate(part);
  } catch {
    throw new CertificateError("a certificate in TLS_CERT_PATH cannot be read");
  }
}

function privateKey(text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    const isLocked = codeOf(error) === "ERR_MISSING_PASSPHRASE" || /ENCRYPTED/.test(text);
    const reason = isLocked ? "is locked with a passphrase, which nobody is here to enter" : "is no key in PEM form";
    throw new CertificateError(`the file in TLS_KEY_PATH ${reason}`);
  }
}
