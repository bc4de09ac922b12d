import { ServerError } from "../../../contract/errors.ts";
import { largestAttachmentBytes } from "../../../contract/sessions.ts";
import { RefusedError } from "../refused-error.ts";
import { isRefusal } from "../telegram/problem.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";
import type { Attachments } from "./attachments.ts";
import type { SessionTable } from "./session-table.ts";

export type DownloadsOptions = {
  readonly attachments: Attachments;
  readonly table: Pick<SessionTable, "require">;
  readonly telegram: Pick<TelegramClient, "ask" | "download">;
};

export type Downloaded = { readonly bytes: Buffer; readonly name: string; readonly mime: string | undefined };

const LIMIT_MS = 60_000;
/** Each may hold as much memory as the largest file. */
const MOST_AT_ONCE = 2;
const LIMIT_TEXT = `${largestAttachmentBytes / 1024 ** 2} MB`;
const MIME = /^[a-z]+\/[a-z0-9.+-]+$/i;

/** Fetches files that people sent to sessions. Telegram alone knows where they are, and tells nobody without the token. */
export class Downloads {
  readonly #options: DownloadsOptions;
  #underWay = 0;

  constructor(options: DownloadsOptions) {
    this.#options = options;
  }

  /** Rejects with ATTACHMENT_NOT_FOUND, ATTACHMENT_TOO_LARGE, UNKNOWN_SESSION or RefusedError. */
  async get(id: string, named: { readonly client: string; readonly name: string }): Promise<Downloaded> {
    const { attachments, table } = this.#options;
    const session = table.require(named);
    const file = /^\d{1,15}$/.test(id) ? attachments.find(Number(id), session.row) : undefined;
    if (file === undefined) throw new ServerError("ATTACHMENT_NOT_FOUND");
    if ((file.size ?? 0) > largestAttachmentBytes) throw tooLarge();
    if (this.#underWay >= MOST_AT_ONCE) throw away("other files are fetched just now");
    this.#underWay += 1;
    try {
      const bytes = await this.#fetch(file.fileId, AbortSignal.timeout(LIMIT_MS));
      return { bytes, name: file.name, mime: MIME.test(file.mime ?? "") ? file.mime : undefined };
    } finally {
      this.#underWay -= 1;
    }
  }

  async #fetch(fileId: string, signal: AbortSignal): Promise<Buffer> {
    const { telegram } = this.#options;
    const answer = await telegram.ask((api) => api.getFile({ file_id: fileId }, signal));
    if ("problem" in answer) {
      const { error } = answer.problem;
      if (/file is too big/i.test(error)) throw tooLarge();
      throw isRefusal(answer.problem) ? new ServerError("ATTACHMENT_NOT_FOUND") : away(error);
    }
    const { file_path } = answer.value;
    if (file_path === undefined) throw new ServerError("ATTACHMENT_NOT_FOUND");
    const fetched = await telegram.download(file_path, largestAttachmentBytes, signal);
    if (fetched.kind === "fetched") return fetched.bytes;
    if (fetched.kind === "too_large") throw tooLarge();
    throw fetched.kind === "failed" ? away(fetched.error) : new ServerError("ATTACHMENT_NOT_FOUND");
  }
}

const tooLarge = () => new ServerError("ATTACHMENT_TOO_LARGE", { limit: LIMIT_TEXT });

const away = (reason: string) =>
  new RefusedError("telegram_unreachable", `The file cannot be fetched now: ${reason}`, 5);
