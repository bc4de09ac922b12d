import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { StartError } from "../../../server/process/start-error.ts";
import { CertificateError, readPair } from "../../../server/tls/certificate-pair.ts";
import { type CertificateStore, openCertificate } from "../../../server/tls/certificate-store.ts";
import { lockedKey, type MadeCertificate, makeCertificate } from "../support/certificates.ts";

const dayMs = 86_400_000;

let made: string;
let first: MadeCertificate;
let second: MadeCertificate;
let folder: string;
let store: CertificateStore | undefined;
const shown: unknown[] = [];
const seen: { expiresAt: number; failed: boolean }[] = [];
const lines: { level: string; message: string; [detail: string]: unknown }[] = [];
const log = (level: string) => (details: object, message: string) => void lines.push({ level, message, ...details });
const logger = { info: log("info"), warn: log("warn"), error: log("error") } as never;

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), "certificates-"));
  first = makeCertificate(made, "first");
  second = makeCertificate(made, "second", 90);
});
afterAll(() => rm(made, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tls-"));
  for (const list of [shown, seen, lines]) list.length = 0;
});
afterEach(async () => {
  store?.close();
  store = undefined;
  await rm(folder, { recursive: true });
});

const files = () => ({
  certPath: join(folder, "tls.crt"),
  keyPath: join(folder, "tls.key"),
  minVersion: "TLSv1.2" as const,
});
const place = ({ cert, key }: Pick<MadeCertificate, "cert" | "key">) => {
  writeFileSync(files().certPath, cert);
  writeFileSync(files().keyPath, key);
};

/** Of 512 bits, as no client takes one. */
const copyShort = () => {
  const short = makeCertificate(folder, "short", 2, ["-newkey", "rsa:512", "-nodes"]);
  place(short);
};

async function open(clock: () => number = Date.now, pollMs = 5): Promise<CertificateStore> {
  store = await openCertificate({ ...files(), logger, clock, pollMs, onLook: (look) => seen.push(look) });
  store.follow({ setSecureContext: (context) => void shown.push(context) });
  return store;
}

describe("what is no certificate with its key is told by its kind, and never by its content", () => {
  const refused: readonly [string, () => unknown, RegExp][] = [
    ["no certificate", () => rmSync(files().certPath), /TLS_CERT_PATH cannot be read \(ENOENT\)/],
    ["a folder", () => [rmSync(files().keyPath), mkdirSync(files().keyPath)], /TLS_KEY_PATH is a directory/],
    ["an empty one", () => writeFileSync(files().certPath, ""), /holds no certificates in PEM form/],
    ["half of one", () => writeFileSync(files().certPath, first.cert.slice(0, 300)), /or one is cut off/],
    [
      "one and half of its issuer's",
      () => writeFileSync(files().certPath, first.cert + second.cert.slice(0, 300)),
      /cut off/,
    ],
    [
      "one of other content",
      () => writeFileSync(files().certPath, first.cert.replace(/\n.{8}/, "\nAAAAAAAA")),
      /cannot be read/,
    ],
    ["half a key", () => writeFileSync(files().keyPath, first.key.slice(0, 80)), /TLS_KEY_PATH is no key in PEM form/],
    ["a locked key", () => copyFileSync(lockedKey(made, first), files().keyPath), /locked with a passphrase/],
    ["another's key", () => writeFileSync(files().keyPath, second.key), /does not belong to the certificate/],
    ["a key that is too short", () => copyShort(), /OpenSSL refuses the certificate or its key/],
    ["more than 1 MiB", () => writeFileSync(files().certPath, first.cert.repeat(2000)), /larger than 1 MiB/],
  ];
  test.each(refused)("%s", async (_what, spoil, reason) => {
    place(first);
    expect(readPair(files()).cert).toBe(first.cert);
    spoil();
    expect(() => readPair(files())).toThrow(CertificateError);
    const refusal = await open().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StartError);
    expect(String(refusal)).toMatch(reason);
    expect(String(refusal)).not.toContain(first.key.slice(40, 70));
  });
});

test("a certificate with its issuer's behind it is taken as a whole", () => {
  place({ cert: first.cert + second.cert, key: first.key });
  expect(readPair(files()).cert).toBe(first.cert + second.cert);
});

describe("a changed pair", () => {
  test("is shown from then on, also when Kubernetes swaps the link to it", async () => {
    for (const [name, { cert, key }] of Object.entries({ first, second })) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "tls.crt"), cert);
      writeFileSync(join(folder, name, "tls.key"), key);
    }
    symlinkSync("first", join(folder, "..data"));
    for (const name of ["tls.crt", "tls.key"]) symlinkSync(join("..data", name), join(folder, name));
    const opened = await open();
    expect(opened.secureContext().cert).toBe(first.cert);
    symlinkSync("second", join(folder, "..next"));
    renameSync(join(folder, "..next"), join(folder, "..data"));
    await vi.waitFor(() => expect(shown).toHaveLength(1));
    expect(shown).toEqual([{ cert: second.cert, key: second.key, minVersion: "TLSv1.2" }]);
    expect(opened.expiresAt()).toBeGreaterThan(Date.now() + 80 * dayMs);
  });

  test("half-written leaves the one before, says so, and is taken when it is whole", async () => {
    place(first);
    const opened = await open();
    writeFileSync(files().certPath, second.cert);
    await vi.waitFor(() => expect(opened.problem()).toMatch(/cannot be used; the one before is shown/));
    expect(seen.at(-1)?.failed).toBe(true);
    expect(opened.secureContext().cert).toBe(first.cert);
    await vi.waitFor(() => expect(lines.filter(({ level }) => level === "error")).toHaveLength(1));
    expect(lines.find(({ level }) => level === "error")?.reason).toMatch(/does not belong/);
    expect(shown).toEqual([]);
    writeFileSync(files().keyPath, second.key);
    await vi.waitFor(() => expect(opened.problem()).toBeUndefined());
    expect(shown).toHaveLength(1);
    expect(seen.at(-1)?.failed).toBe(false);
  });

  test("is read at once by whoever asks", async () => {
    place(first);
    const opened = await open(Date.now, 3_600_000);
    place(second);
    await opened.reload();
    expect(opened.secureContext().cert).toBe(second.cert);
  });

  test("that says the same disturbs no server", async () => {
    place(first);
    const opened = await open();
    place(first);
    await opened.reload();
    expect(shown).toEqual([]);
  });
});

describe("a certificate is warned of", () => {
  const warnings = () => lines.filter(({ level }) => level === "warn").map(({ message }) => message);
  test.each([
    ["when it has expired", 91 * dayMs, "the certificate has expired: clients refuse it"],
    ["two weeks before, when it is for months", 80 * dayMs, "the certificate expires soon"],
    ["when it is not valid yet", -dayMs, "the certificate is not valid yet: clients refuse it"],
  ])("%s", async (_when, fromNow, warning) => {
    place(second);
    const opened = await open(() => Date.now() + fromNow);
    expect(opened.problem()).toBe(warning);
    await opened.reload();
    // Once for each look that was asked for, and not at every one.
    expect(warnings()).toEqual([warning, warning]);
  });

  test("not before, also when it is for two days only", async () => {
    place(first);
    expect((await open(() => Date.now() + dayMs)).problem()).toBeUndefined();
    expect(warnings()).toEqual([]);
  });
});
