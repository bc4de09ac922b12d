import { toServerError } from "../../contract/errors.ts";
import type { AuditRecord, AuditSubject } from "./audit-record.ts";
import type { Logger } from "./logger.ts";

/** Message of every record: constant, so that it can be searched for. */
export const AUDIT_MESSAGE = "audit";

const LONGEST_CONTENT = 4096;

export type AuditConfig = {
  readonly enabled: boolean;
  /** Whether what clients send may be written down. */
  readonly content: boolean;
};

export type AuditOptions = AuditConfig & {
  readonly logger: Logger;
  /** Milliseconds of a clock that is never set back. */
  readonly steady: () => number;
};

export type Audit = {
  /** Writes a record. */
  record(record: AuditRecord): void;
  /** Does the work, and writes down how it ended. */
  follow<Result>(subject: AuditSubject, work: () => Promise<Result>, more?: FollowOptions<Result>): Promise<Result>;
  /** What a client sent, if that may be written down. */
  content(args: unknown): { readonly arguments?: string };
};

type FollowOptions<Result> = {
  /** What the result says about the subject. */
  readonly found?: (result: Result) => Partial<AuditSubject>;
  /** Whether what was thrown asks the client for something. */
  readonly isWaiting?: (thrown: unknown) => boolean;
};

/** Records of who decided what. They are written whatever the level of the log is. */
export function createAudit({ enabled, content, logger, steady }: AuditOptions): Audit {
  if (!enabled) return { record: () => undefined, follow: (_, work) => work(), content: () => ({}) };
  // A logger of its own level: that of the others may be above it, and may change.
  const lines = logger.child({}, { level: "info" });
  const record = (entry: AuditRecord): void => lines.info(entry, AUDIT_MESSAGE);
  return {
    record,
    async follow(subject, work, { found, isWaiting } = {}) {
      const begun = steady();
      const ended = () => ({ duration_ms: Math.round((steady() - begun) * 100) / 100 });
      try {
        const result = await work();
        record({ ...subject, outcome: "done", ...found?.(result), ...ended() });
        return result;
      } catch (thrown) {
        const failure = isWaiting?.(thrown) === true ? ({ outcome: "waiting" } as const) : failureOf(thrown);
        record({ ...subject, ...failure, ...ended() });
        throw thrown;
      }
    },
    content: (args) => (content ? { arguments: shownContent(args) } : {}),
  };
}

function failureOf(thrown: unknown): Pick<AuditRecord, "outcome" | "code"> {
  const { code, entry } = toServerError(thrown);
  return { outcome: entry.httpStatus < 500 ? "refused" : "failed", code };
}

function shownContent(args: unknown): string {
  return (JSON.stringify(args) ?? "").slice(0, LONGEST_CONTENT);
}
