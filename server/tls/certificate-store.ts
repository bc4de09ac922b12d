import type { Server } from "node:tls";
import { every, fingerprint } from "../process/followed-file.ts";
import { StartError } from "../process/start-error.ts";
import type { Logger } from "../telemetry/logger.ts";
import { CertificateError, type CertificatePair, readPair, type TlsConfig } from "./certificate-pair.ts";

/** The certificate that is shown now. */
export type CertificateStore = {
  /** What a server shows at its start. */
  secureContext(): { readonly cert: string; readonly key: string; readonly minVersion: TlsConfig["minVersion"] };
  /** From now on a server shows each new certificate to new connections; open ones go on. */
  follow(server: Pick<Server, "setSecureContext">): void;
  /** Why the certificate is not what it should be; undefined when all is well. */
  problem(): string | undefined;
  /** Unix time in milliseconds at which it expires. */
  expiresAt(): number;
  /** Reads the files again now. */
  reload(): Promise<void>;
  close(): void;
};

export type CertificateStoreOptions = TlsConfig & {
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** Is told at each look when the certificate expires, and whether the files could not be used. */
  readonly onLook?: (seen: { readonly expiresAt: number; readonly failed: boolean }) => void;
  /** Milliseconds between two looks at the files. */
  readonly pollMs?: number;
};

const dayMs = 86_400_000;
/** Milliseconds after which a problem that lasts is logged again: what is unusable, and what expires. */
const repeatMs = { unusable: 60_000, expiring: dayMs };

/**
 * Reads certificate and key, and again whenever the files change: they are looked at every two seconds, not watched, because
 * Kubernetes replaces a Secret's files by swapping a symlink. A pair that does not fit, as while it is being written, leaves the one
 * before. At the start it is a StartError.
 */
export async function openCertificate(options: CertificateStoreOptions): Promise<CertificateStore> {
  const files = new CertificateFiles(options, firstPair(options));
  await files.look();
  const stop = every(options.pollMs ?? 2000, () => files.look());
  return {
    secureContext: () => files.context,
    follow: (server) => void files.servers.add(server),
    problem: () => files.problem(),
    expiresAt: () => files.pair.expiresAt,
    reload: () => files.look(true),
    close: stop,
  };
}

/** Reads them before anything listens. Throws StartError. */
function firstPair(options: TlsConfig): CertificatePair {
  try {
    return readPair(options);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    const advice =
      "TLS_CERT_PATH has to name a file with a certificate and those of its issuers, TLS_KEY_PATH one with its key, both in PEM form and readable by this user.";
    throw new StartError(`The certificate cannot be used: ${error.message}.`, advice, error);
  }
}

class CertificateFiles {
  readonly #options: CertificateStoreOptions;
  readonly servers = new Set<Pick<Server, "setSecureContext">>();
  pair: CertificatePair;
  #seen = "";
  #failure: string | undefined;
  #saidAt = { unusable: Number.NEGATIVE_INFINITY, expiring: Number.NEGATIVE_INFINITY };

  constructor(options: CertificateStoreOptions, pair: CertificatePair) {
    this.#options = options;
    this.pair = pair;
  }

  get context() {
    const { cert, key } = this.pair;
    return { cert, key, minVersion: this.#options.minVersion };
  }

  /** Somebody who asks for a look trusts no fingerprint, and waits for what is wrong. */
  async look(isAsked = false): Promise<void> {
    const { certPath, keyPath, onLook } = this.#options;
    const seen = (await Promise.all([certPath, keyPath].map(fingerprint))).join(" ");
    const isDue = isAsked || seen !== this.#seen;
    if (isDue) this.#saidAt = { unusable: Number.NEGATIVE_INFINITY, expiring: Number.NEGATIVE_INFINITY };
    // What did not fit may fit now, although the files are the same as at the last look.
    if (isDue || this.#failure !== undefined) this.#load();
    this.#seen = seen;
    onLook?.({ expiresAt: this.pair.expiresAt, failed: this.#failure !== undefined });
    this.#complain();
  }

  problem(): string | undefined {
    if (this.#failure !== undefined) return "the files of the certificate cannot be used; the one before is shown";
    return validityProblem(this.pair, this.#options.clock());
  }

  #load(): void {
    try {
      const pair = readPair(this.#options);
      const isNew = pair.cert !== this.pair.cert || pair.key !== this.pair.key;
      this.pair = pair;
      this.#failure = undefined;
      if (isNew) this.#show(pair);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      this.#failure = error.message;
    }
  }

  #show({ expiresAt }: CertificatePair): void {
    for (const server of this.servers) server.setSecureContext(this.context);
    const { logger, certPath: path } = this.#options;
    logger.info({ path, expires_at: new Date(expiresAt).toISOString() }, "certificate loaded");
  }

  /** Once when the files changed, and again while it lasts: one line is soon out of sight. */
  #complain(): void {
    const { logger, certPath: path, clock } = this.#options;
    const reason = this.#failure;
    if (reason !== undefined && this.#isTimeFor("unusable")) {
      logger.error({ path, reason }, "the certificate cannot be loaded; the one before is shown");
    }
    const problem = validityProblem(this.pair, clock());
    if (problem === undefined || !this.#isTimeFor("expiring")) return;
    logger.warn({ path, expires_at: new Date(this.pair.expiresAt).toISOString() }, problem);
  }

  #isTimeFor(kind: keyof typeof repeatMs): boolean {
    const now = performance.now();
    if (now - this.#saidAt[kind] < repeatMs[kind]) return false;
    this.#saidAt[kind] = now;
    return true;
  }
}

/** A certificate of 90 days is renewed a month before its end, one of a few days when a third is left. */
function validityProblem({ validFrom, expiresAt }: CertificatePair, now: number): string | undefined {
  if (now >= expiresAt) return "the certificate has expired: clients refuse it";
  if (now < validFrom) return "the certificate is not valid yet: clients refuse it";
  const soonMs = Math.min(14 * dayMs, (expiresAt - validFrom) / 3);
  return expiresAt - now < soonMs ? "the certificate expires soon" : undefined;
}
