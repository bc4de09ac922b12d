import { describe, expect, test } from "vitest";
import { attachmentLimits, attachmentsProblem } from "../../contract/attachments.ts";
import { dataProblem } from "../../contract/event-data.ts";

const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString("base64");
const note = { kind: "document", name: "note.txt", media_type: "text/plain", content: base64(5) };

describe("attachments", () => {
  test("are taken up to their limits, beside those of the rest of data", () => {
    const { count, bytes } = attachmentLimits;
    const all = Array.from({ length: count }, () => ({ ...note, content: base64(bytes / count) }));
    expect(dataProblem({ status: "done", attachments: all })).toBeUndefined();
    expect(dataProblem({ log: "x".repeat(17_000), attachments: all })).toMatch(
      /^it has 17010 bytes as JSON, more than 16384$/,
    );
    expect(attachmentsProblem(undefined)).toBeUndefined();
    expect(attachmentsProblem([])).toBeUndefined();
  });

  test.each([
    ["no list", "photo.png", "attachments: it is no list"],
    ["no objects", ["photo.png"], /^attachments\[0\]: /],
    ["too many", Array.from({ length: 5 }, () => note), "attachments: there are 5, and at most 4 can be sent"],
    [
      "too large together",
      [0, 1].map(() => ({ ...note, content: base64(90_000) })),
      /have 180000 bytes together, more/,
    ],
    [
      "a URL",
      [note, { kind: "photo", url: "http://169.254.169.254/" }],
      /^attachments\[1\]: no URL is fetched: send the file/,
    ],
    ["a member that nobody knows", [{ ...note, caption: "x" }], /^attachments\[0\]: .*caption/],
    ["a missing member", [{ ...note, name: undefined }], /^attachments\[0\].name: /],
    ["a path", [{ ...note, name: "../../etc/passwd" }], /^attachments\[0\].name: a file name of 1 to 100 visible/],
    ["a name that turns its end", [{ ...note, name: "gnp.\u202etxt.exe" }], /visible/],
    ["a name with a header", [{ ...note, name: 'a"\r\nX-Evil: 1' }], /visible/],
    ["an empty name", [{ ...note, name: "" }], /visible/],
    ["a media type with a header", [{ ...note, media_type: "text/plain\r\nX-Evil: 1" }], /media type in small letters/],
    ["another alphabet", [{ ...note, content: "_-8=" }], "attachments[0].content: it is not base64"],
    ["half a group", [{ ...note, content: "aGVsbG8" }], "attachments[0].content: it is not base64"],
    ["spaces", [{ ...note, content: "aGVs\nbG8=" }], "attachments[0].content: it is not base64"],
    ["no byte", [{ ...note, content: "" }], "attachments[0].content: a file has at least one byte"],
    ["a photo of text", [{ ...note, kind: "photo" }], /^attachments\[0\].media_type: a photo is image\/jpeg, .*: send/],
    ["a kind that nobody knows", [{ ...note, kind: "voice" }], /^attachments\[0\].kind: /],
  ])("with %s are refused, with words that say why", (_what, value, problem) => {
    if (typeof problem === "string") expect(attachmentsProblem(value)).toBe(problem);
    else expect(attachmentsProblem(value)).toMatch(problem);
  });
});
