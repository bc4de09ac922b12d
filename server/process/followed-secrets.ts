import { readSmallFile } from "../../config/small-file.ts";
import type { SigningSecrets } from "../../contract/signing-secrets.ts";
import type { Logger } from "../telemetry/logger.ts";
import { codeOf } from "./start-error.ts";

/** In characters; a shorter one could be guessed. */
export const shortestSecret = 32;

/** A secret, or the file that has it at times. */
type SecretSource = { readonly value?: string | undefined; readonly path?: string | undefined };

/** What signs, and what counts beside it. */
export type HmacConfig = {
  /** As it was at the start. */
  readonly secret: string;
  /** The file that it changes in. */
  readonly path?: string;
  /** Those of before and after, while a rotation is under way. */
  readonly beside?: readonly SecretSource[];
};

type Options = {
  readonly logger: Pick<Logger, "info" | "error">;
  /** Milliseconds between two looks at the files. */
  readonly pollMs?: number;
};

/**
 * Secrets that are read again when their files change. Reading, not watching: a Kubernetes Secret changes by a swap of symbolic
 * links, which file watchers miss. What is no secret leaves the one that signs as it was.
 */
export class FollowedSecrets implements SigningSecrets {
  readonly #config: HmacConfig;
  readonly #logger: Options["logger"];
  readonly #timer: NodeJS.Timeout | undefined;
  #problem: string | undefined;
  current: string;
  all: readonly string[];

  constructor(config: HmacConfig, { logger, pollMs = 1_000 }: Options) {
    this.#config = config;
    this.#logger = logger;
    this.current = config.secret;
    this.all = distinct([config.secret, ...(config.beside ?? []).map(({ value }) => value)]);
    const isFollowed = [config, ...(config.beside ?? [])].some(({ path }) => path !== undefined);
    if (isFollowed) this.#timer = setInterval(() => this.look(), pollMs).unref();
  }

  /** Reads the files now. */
  look(): void {
    const all = this.#read();
    // The files may have been swapped between two reads: then it is the next look that counts.
    if (isEqual(all, this.all) || !isEqual(all, this.#read())) return;
    const { path } = this.#config;
    const [current = this.current] = all;
    if (current !== this.current) this.#logger.info({ path }, "the secret that signs has changed");
    this.current = current;
    this.all = all;
  }

  #read(): readonly string[] {
    const { path, secret, beside = [] } = this.#config;
    const read = path === undefined ? { secret } : secretIn(path);
    this.#complain(path, read.problem);
    const others = beside.map(({ path, value }) => (path === undefined ? value : secretIn(path).secret));
    return distinct([read.secret ?? this.current, ...others]);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #complain(path: string | undefined, problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem) {
      const reason = `HMAC_SECRET_FILE ${problem}`;
      this.#logger.error({ path, reason }, "the secret that signs cannot be read; that of before stays");
    }
    this.#problem = problem;
  }
}

type Read =
  | { readonly secret: string; readonly problem?: undefined }
  | { readonly secret?: undefined; readonly problem: string };

function secretIn(path: string): Read {
  try {
    const secret = readSmallFile(path).trim();
    return secret.length >= shortestSecret ? { secret } : { problem: `has fewer than ${shortestSecret} characters` };
  } catch (error) {
    return { problem: `cannot be read (${codeOf(error) ?? "unknown error"})` };
  }
}

const distinct = (secrets: readonly (string | undefined)[]): readonly string[] => [
  ...new Set(secrets.flatMap((secret) => (secret === undefined || secret === "" ? [] : [secret]))),
];

const isEqual = (some: readonly string[], others: readonly string[]) =>
  some.length === others.length && some.every((each, index) => each === others[index]);
