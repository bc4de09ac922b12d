import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fileIn } from "../../../../server/bridge/receiving/received-file.ts";

describe("the file of a message", () => {
  test.each([
    [{}, undefined],
    [
      { document: { file_id: "d", file_name: "a/b\\c.log", mime_type: "text/plain", file_size: 7 } },
      { kind: "document", fileId: "d", name: "a_b_c.log", mime: "text/plain", size: 7 },
    ],
    // The largest of the sizes of a picture is the last.
    [
      { photo: [{ file_id: "small" }, { file_id: "large", file_size: 9 }] },
      { kind: "photo", fileId: "large", name: "photo.jpg", size: 9 },
    ],
    [{ voice: { file_id: "v" } }, { kind: "voice", fileId: "v", name: "voice.ogg" }],
    [{ photo: [] }, undefined],
    [{ document: { file_name: "without an id" } }, undefined],
    [
      { document: "broken", photo: [{ file_id: "p" }] },
      { kind: "photo", fileId: "p", name: "photo.jpg" },
    ],
  ])("%j", (message, file) => {
    expect(fileIn(message)).toEqual(file);
  });

  test("has a name that is no path, whatever somebody called it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (file_name) => {
        const name = fileIn({ document: { file_id: "d", file_name } })?.name ?? "";
        expect(name).toMatch(/^[^/\\\p{Cc}]{1,128}$/u);
      }),
    );
  });
});
