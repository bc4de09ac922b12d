import { ApiError } from "./api-error.ts";
import type { SentFile } from "./people.ts";

/** A bot may download no larger one (Bot API, getFile). */
const LARGEST = 20 * 1024 * 1024;

const FIELDS = { document: "document", photo: "photo" } as const;

/** Files that people sent to a bot: it gets a path for an id, and the content for the path, as long as Telegram has it. */
export class Files {
  readonly #files = new Map<string, SentFile & { readonly path: string }>();

  /** The file as a message shows it. */
  keep(file: SentFile): Readonly<Record<string, unknown>> {
    const number = this.#files.size + 1;
    const id = `file-${number}`;
    this.#files.set(id, { ...file, path: `${file.kind}s/file_${number}` });
    const shown = { file_id: id, file_unique_id: `u${number}`, file_size: sizeOf(file) };
    if (file.kind === "photo") {
      // Telegram shows a picture in several sizes, the largest last.
      const small = { ...shown, file_id: `${id}-small`, width: 90, height: 90 };
      return { [FIELDS.photo]: [small, { ...shown, width: 1280, height: 960 }] };
    }
    return {
      [FIELDS.document]: {
        ...shown,
        ...(file.name !== undefined && { file_name: file.name }),
        ...(file.mime !== undefined && { mime_type: file.mime }),
      },
    };
  }

  get({ file_id }: Readonly<Record<string, unknown>>) {
    const file = this.#files.get(String(file_id));
    if (file === undefined) {
      throw new ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable");
    }
    if (sizeOf(file) > LARGEST) throw new ApiError(400, "Bad Request: file is too big");
    return { file_id, file_unique_id: "u", file_size: sizeOf(file), file_path: file.path };
  }

  /** Undefined when there is none at that path. */
  content(path: string): Buffer | undefined {
    const file = [...this.#files.values()].find((each) => each.path === path);
    return file && Buffer.from(file.content ?? "");
  }
}

const sizeOf = ({ content = "", size }: SentFile) => size ?? Buffer.byteLength(content);
