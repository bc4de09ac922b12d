import { X509Certificate } from "node:crypto";
import type { SecretData } from "../references/foreign-secrets.ts";
import { fingerprintOf } from "./shown-certificate.ts";

/** What is known about a Secret with a certificate. */
export type Certificate = {
  readonly state: "Present" | "Missing" | "Unusable";
  /** SHA-256 of the server's certificate, the first in the file. */
  readonly fingerprint?: string;
};

/** Of a Secret of type kubernetes.io/tls only data is kept that everybody who connects can see. */
export function certificateIn(data: SecretData): Certificate {
  try {
    const pem = Buffer.from(data["tls.crt"] ?? "", "base64");
    return { state: "Present", fingerprint: fingerprintOf(new X509Certificate(pem)) };
  } catch {
    return { state: "Unusable" };
  }
}
