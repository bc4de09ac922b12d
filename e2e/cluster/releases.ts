import { chmod, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cached, cacheKey } from "../../machine/cache.ts";
import { run } from "../../machine/command.mjs";
import { download, UnreachableError } from "../../machine/download.ts";
import { type Progress, progress } from "../../machine/progress.mjs";
import { requiredVersion } from "./go-module.ts";
import { type Architecture, type Program, type ProgramName, programTable } from "./program-table.ts";

/** SHA-256 of files of release sites, by path; `source` says where the checksum was read. */
export type Checksums = Readonly<Record<string, { readonly sha256: string; readonly source: string }>>;

/** Source of official releases. */
export type Releases = {
  /** URL of a mirror of the release sites; undefined: the sites themselves. */
  readonly mirror?: URL;
  readonly checksums: Checksums;
  readonly arch: Architecture | undefined;
  readonly cacheRoot?: string;
};

export const CHECKSUMS = join(import.meta.dirname, "release-checksums.json");

/** The releases for this machine. */
export async function releasesOf(env: NodeJS.ProcessEnv = process.env): Promise<Releases> {
  const checksums = JSON.parse(await readFile(CHECKSUMS, "utf8")) as Checksums;
  const mirror = mirrorOf(env);
  return { checksums, arch: architecture(), ...(mirror === undefined ? {} : { mirror }) };
}

/** CCTELEGRAM_MIRROR: the URL of a mirror of the release sites. */
export function mirrorOf({ CCTELEGRAM_MIRROR: text }: NodeJS.ProcessEnv): URL | undefined {
  if (!text) return undefined;
  const url = text.startsWith("/") ? pathToFileURL(text) : URL.parse(text);
  if (url === null || !["http:", "https:", "file:"].includes(url.protocol)) {
    throw new Error(`CCTELEGRAM_MIRROR=${text} is no mirror: use an http, https or file URL`);
  }
  return url;
}

function architecture(platform: string = process.platform, arch: string = process.arch): Architecture | undefined {
  if (platform !== "linux") return undefined;
  return arch === "x64" ? "amd64" : arch === "arm64" ? "arm64" : undefined;
}

/** A release file with programs, as far as it is known. */
export type ReleaseFile = {
  readonly path: string;
  /** Undefined: not pinned, so it must not be used. */
  readonly sha256: string | undefined;
  readonly members: Readonly<Partial<Record<ProgramName, string>>>;
};

/** The file that contains a program for this machine; undefined if there is no such release. */
export async function releaseFile(
  { module, release }: Program,
  { checksums, arch }: Pick<Releases, "checksums" | "arch">,
): Promise<Pick<ReleaseFile, "path" | "sha256"> | undefined> {
  if (release === undefined || arch === undefined) return undefined;
  const path = release.path({ version: await requiredVersion(module, release.versionOf), arch });
  return { path, sha256: checksums[path]?.sha256 };
}

/** The files that contain these programs, each once, with the paths of the programs in them. */
export async function releaseFiles(names: readonly ProgramName[], releases: Releases): Promise<ReleaseFile[]> {
  const files = new Map<string, ReleaseFile>();
  for (const name of names) {
    const program = programTable[name];
    const file = await releaseFile(program, releases);
    if (file === undefined || releases.arch === undefined) continue;
    const version = await requiredVersion(program.module, program.release?.versionOf ?? "");
    const member = program.release?.member?.({ version, arch: releases.arch }) ?? "";
    files.set(file.path, { ...file, members: { ...files.get(file.path)?.members, [name]: member } });
  }
  return [...files.values()];
}

/** Where the programs of a release file are kept. */
export function releaseEntry({ path, sha256 = "" }: Pick<ReleaseFile, "path" | "sha256">, root?: string) {
  const kind = `releases/${path.replace(/^.*\//, "").replaceAll(/[^a-zA-Z0-9.]+/g, "-")}`;
  return { kind, key: cacheKey([path, sha256]), ...(root === undefined ? {} : { root }) };
}

/**
 * Downloads pinned files and unpacks their programs into the cache. What is not available is reported and left out; a site that cannot
 * be reached is tried once. A file with another checksum is never kept.
 */
export async function downloadReleases(
  files: readonly ReleaseFile[],
  releases: Releases,
  steps: Progress = progress,
): Promise<void> {
  const unreachable = new Set<string>();
  for (const file of files) {
    const url = urlOf(file.path, releases.mirror);
    if (file.sha256 === undefined || unreachable.has(url.host)) continue;
    const name = `download ${file.path.replace(/^.*\//, "")}`;
    await steps
      .step(name, ({ reached }) => downloadRelease(file, file.sha256 ?? "", url, releases, reached))
      .catch((error: Error) => {
        if (error instanceof UnreachableError) unreachable.add(url.host);
        steps.note(`        ${error.message}. It is compiled instead.`);
      });
  }
}

export function urlOf(path: string, mirror: URL | undefined): URL {
  return mirror === undefined ? new URL(`https://${path}`) : new URL(path, `${mirror.href.replace(/\/*$/, "")}/`);
}

async function downloadRelease(
  file: ReleaseFile,
  sha256: string,
  url: URL,
  { cacheRoot }: Releases,
  onShare: (share: number) => void,
): Promise<void> {
  await cached({
    ...releaseEntry(file, cacheRoot),
    build: async (folder) => {
      const archive = join(folder, "download");
      await download({ url, file: archive, sha256, onShare });
      for (const [name, member] of Object.entries(file.members)) await unpack(archive, member, join(folder, name));
      await rm(archive, { force: true });
    },
  });
}

/** The member of an archive, or the file itself, as a program. */
async function unpack(archive: string, member: string, program: string): Promise<void> {
  if (member === "") await run("mv", [archive, program]);
  else await run("sh", ["-c", 'tar -xzOf "$1" "$2" > "$3"', "sh", archive, member, program]);
  await chmod(program, 0o755);
}
