import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ChecksumError, download, downloadText, UnreachableError } from "../../machine/download.ts";

const content = randomBytes(200_000);
const sha256 = createHash("sha256").update(content).digest("hex");

let folder = "";
let server: Server;
let answer: RequestListener = () => undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "download-"));
  server = createServer((request, response) => answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const file = () => join(folder, "program");
const url = (path = "/program") => new URL(path, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);

function fetched(options: Partial<Parameters<typeof download>[0]> = {}) {
  return download({ url: options.url ?? url(), file: file(), sha256, leastBytes: 1_000, ...options });
}

describe("a file whose checksum is the pinned one", () => {
  test("is there, whole", async () => {
    answer = (_, response) => void response.writeHead(200, { "content-length": content.length }).end(content);
    const shares: number[] = [];
    await fetched({ onShare: (share) => void shares.push(share) });
    expect(readFileSync(file())).toEqual(content);
    expect(shares.at(-1)).toBe(1);
  });

  test("is there when the site sends on to another place, and without its length", async () => {
    answer = (request, response) => {
      if (request.url === "/program") response.writeHead(302, { location: "/elsewhere" }).end();
      else response.end(content);
    };
    await fetched();
    expect(readFileSync(file())).toEqual(content);
  });

  test("is there from disk", async () => {
    const source = join(folder, "source");
    writeFileSync(source, content);
    await fetched({ url: pathToFileURL(source) });
    expect(readFileSync(file())).toEqual(content);
  });
});

describe("nothing is there", () => {
  const failures: [string, RequestListener, RegExp, new (...args: never[]) => Error, patienceMs?: number][] = [
    [
      "of something else than was pinned",
      (_, response) => void response.end("malware"),
      /SHA-256 is .*pinned is/,
      ChecksumError,
    ],
    ["of a page that is missing", (_, response) => void response.writeHead(404).end("none"), /answered 404/, Error],
    [
      "of what is cut off",
      (_, response) => {
        response
          .writeHead(200, { "content-length": content.length })
          .write(content.subarray(0, 5_000), () => response.destroy());
      },
      /cut off|ended after/,
      Error,
    ],
    ["when there is no answer", () => undefined, /no answer within/, UnreachableError, 300],
    [
      "when the answer stops coming",
      (_, response) => void response.writeHead(200, { "content-length": content.length }).write("a"),
      /too slow/,
      UnreachableError,
      1_500,
    ],
    [
      "when the site sends on forever",
      (_, response) => void response.writeHead(302, { location: "/program" }).end(),
      /redirect/,
      UnreachableError,
    ],
  ];
  test.each(failures)("%s", async (_, listener, message, type, patienceMs) => {
    answer = listener;
    const error = await fetched(patienceMs === undefined ? {} : { patienceMs }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
    expect(existsSync(file())).toBe(false);
  });

  test("when nobody listens", async () => {
    const closed = url();
    server.close();
    const error = await fetched({ url: closed }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnreachableError);
    expect((error as Error).message).toContain("ECONNREFUSED");
  });

  test("from a disk that has no such file", async () => {
    await expect(fetched({ url: pathToFileURL(join(folder, "none")) })).rejects.toThrow("is not there");
  });
});

test("a small text is read, and undefined when the site has none", async () => {
  answer = (request, response) =>
    request.url === "/program.sha256" ? void response.end("abc  program\n") : void response.writeHead(404).end();
  expect(await downloadText(url("/program.sha256"))).toBe("abc  program\n");
  expect(await downloadText(url("/none"))).toBeUndefined();
});
