import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { printable } from "../printable.ts";
import { type ExposureProbe, exposureFails } from "./probe.ts";

type Expected = {
  readonly host: string;
  /** SHA-256 of the expected certificate, if known. */
  readonly certificate: string | undefined;
  readonly nowMs: number;
};

/** What is wrong with the certificate that a server presented; undefined if a client would accept it. */
export function certificateProblem(socket: TLSSocket, expected: Expected): ExposureProbe | undefined {
  const shown = socket.getPeerX509Certificate();
  if (!shown) return exposureFails("TLSFailed", "no certificate was presented");
  return (
    timeProblem(shown, expected.nowMs) ?? ownerProblem(shown, expected) ?? trustProblem(socket, expected.certificate)
  );
}

/** Expiry of the certificate, RFC 3339. */
export const endOf = (certificate: X509Certificate) => new Date(certificate.validTo).toISOString();

function timeProblem(certificate: X509Certificate, nowMs: number): ExposureProbe | undefined {
  if (Date.parse(certificate.validTo) <= nowMs)
    return exposureFails("CertificateExpired", `the certificate expired on ${day(endOf(certificate))}: renew it`);
  if (Date.parse(certificate.validFrom) > nowMs)
    return exposureFails("CertificateNotYetValid", "the certificate is not valid yet: check the clocks, or its dates");
  return undefined;
}

function ownerProblem(shown: X509Certificate, { host, certificate }: Expected): ExposureProbe | undefined {
  if (certificate !== undefined && fingerprintOf(shown) !== certificate)
    return exposureFails(
      "CertificateNotOurs",
      `the presented certificate (${namesIn(shown)}) is not the one in the Secret: check that the ingress controller can read that Secret, and that no other Ingress has this host`,
    );
  if (shown.checkHost(host) === undefined)
    return exposureFails(
      "CertificateForOtherHost",
      `the certificate is for ${namesIn(shown)} and not for ${host}: get one with this name`,
    );
  return undefined;
}

/** The issuer of the expected certificate is not checked: clients may trust it. */
function trustProblem({ authorized, authorizationError }: TLSSocket, certificate: string | undefined) {
  if (authorized || certificate !== undefined) return undefined;
  return exposureFails(
    "CertificateNotTrusted",
    `clients would not trust the certificate (${printable(String(authorizationError), 64)}): use one of a public authority, or set NODE_EXTRA_CA_CERTS of the operator to your own authority`,
  );
}

/** SHA-256 in lower-case hexadecimal digits. */
export const fingerprintOf = (certificate: X509Certificate) =>
  certificate.fingerprint256.replaceAll(":", "").toLowerCase();

const day = (time: string) => time.slice(0, 10);

function namesIn({ subjectAltName, subject }: X509Certificate): string {
  const names = subjectAltName?.split(", ").map((name) => name.replace(/^(DNS|IP Address):/, "")) ?? [subject ?? ""];
  return printable(names.slice(0, 3).join(", "), 128);
}
