import { createHash } from "node:crypto";
import { ApiError, badRequest } from "./api-error.ts";

/** A file in a request. */
export type Upload = { readonly name: string; readonly type: string; readonly bytes: Buffer };

/** A file as the log has it. */
export type ReceivedFile = {
  readonly name: string;
  readonly media_type: string;
  readonly bytes: number;
  readonly sha256: string;
};

const MEBIBYTE = 1024 * 1024;
/** Bot API, "Sending files": by uploads. */
const MAX_BYTES = { photo: 10 * MEBIBYTE, document: 50 * MEBIBYTE } as const;
/** Bot API, sendPhoto: width and height together, and one by the other. */
const MAX_SIDES = 10_000;
const MAX_RATIO = 20;

export type UploadKind = keyof typeof MAX_BYTES;

export function isUpload(value: unknown): value is Upload {
  return typeof value === "object" && value !== null && Buffer.isBuffer((value as Upload).bytes);
}

/** Throws what Telegram would answer to a file that it cannot send. It is uploaded: nothing is fetched for the bot. */
export function checkUpload(kind: UploadKind, value: unknown): Upload {
  if (value === undefined) throw badRequest(`there is no ${kind} in the request`);
  if (!isUpload(value)) throw badRequest("wrong file identifier/HTTP URL specified");
  const { name, type, bytes } = value;
  if (bytes.length === 0) throw badRequest("file must be non-empty");
  if (name === "" || /[/\\\p{Cc}]/u.test(name)) throw badRequest("wrong file name");
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(type)) throw badRequest("wrong media type of a file");
  if (bytes.length > MAX_BYTES[kind]) throw new ApiError(413, "Request Entity Too Large", { violation: true });
  if (kind === "photo") checkPhoto(bytes);
  return value;
}

/** What a photo is like is the sender's doing, and no mistake of the bot. */
function checkPhoto(bytes: Buffer): void {
  const size = sizeOf(bytes);
  if (size === undefined) throw new ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED");
  const { width, height } = size;
  const isThin = Math.max(width, height) > MAX_RATIO * Math.min(width, height);
  if (width + height > MAX_SIDES || isThin) throw new ApiError(400, "Bad Request: PHOTO_INVALID_DIMENSIONS");
}

type Size = { readonly width: number; readonly height: number };

function sizeOf(bytes: Buffer): Size | undefined {
  if (bytes.length >= 24 && bytes.subarray(0, 8).equals(PNG)) {
    return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  }
  return bytes.readUIntBE(0, Math.min(3, bytes.length)) === JPEG ? jpegSize(bytes) : undefined;
}

const PNG = Buffer.from("89504e470d0a1a0a", "hex");
const JPEG = 0xff_d8_ff;

/** From the frame's header, before which there are segments of any length. */
function jpegSize(bytes: Buffer): Size | undefined {
  for (let at = 2; at + 9 < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes.readUInt16BE(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
  }
  return undefined;
}

export function receivedFile({ name, type, bytes }: Upload): ReceivedFile {
  return { name, media_type: type, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
