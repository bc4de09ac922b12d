/** `npm run pin-releases [-- --mirror URL]`: pins the checksums of official releases, for the versions in go.mod. */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { downloadText } from "../../machine/download.ts";
import { requiredVersion } from "./go-module.ts";
import { type Architecture, programNames, programTable } from "./program-table.ts";
import { CHECKSUMS, type Checksums, mirrorOf, urlOf } from "./releases.ts";

const USAGE = `Usage: npm run pin-releases [-- --mirror URL] [--replace]

Reads the checksums that the release sites publish for the versions in e2e/cluster/binaries/*/go.mod, for amd64 and arm64, and
writes them to e2e/cluster/release-checksums.json. Look at the difference before you commit it.

  --mirror URL   read them from a mirror (default: CCTELEGRAM_MIRROR, or the sites themselves)
  --replace      a checksum that is pinned and differs from the published one is replaced instead of refused
`;

const architectures: readonly Architecture[] = ["amd64", "arm64"];

export type PinOptions = {
  readonly mirror: URL | undefined;
  readonly pinned: Checksums;
  readonly replace: boolean;
  /** Reads a text; undefined if the site does not have it. */
  readonly read: (url: URL) => Promise<string | undefined>;
};

/** The published checksums of every release file. Throws if one differs from the pinned one. */
export async function publishedChecksums({ mirror, pinned, replace, read }: PinOptions): Promise<Checksums> {
  const found: Record<string, Checksums[string]> = {};
  for (const { path, checksum } of await wanted()) {
    const url = urlOf(checksum, mirror);
    const sha256 = checksumIn((await read(url)) ?? "", path);
    if (sha256 === undefined) throw new Error(`${url} has no checksum of ${path}`);
    const before = pinned[path];
    if (before !== undefined && before.sha256 !== sha256 && !replace) {
      throw new Error(
        `${path}: pinned is ${before.sha256}, published is ${sha256}. Find out why before you use --replace.`,
      );
    }
    found[path] = before?.sha256 === sha256 ? before : { sha256, source: `https://${checksum}` };
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The files of all releases and where their checksums are published. */
async function wanted(): Promise<{ path: string; checksum: string }[]> {
  const files = new Map<string, string>();
  for (const { module, release } of programNames.map((name) => programTable[name])) {
    if (release === undefined) continue;
    const version = await requiredVersion(module, release.versionOf);
    for (const arch of architectures) files.set(release.path({ version, arch }), release.checksum({ version, arch }));
  }
  return [...files].map(([path, checksum]) => ({ path, checksum }));
}

/** Sites publish the checksum alone, the checksum before a name, or many such lines. */
export function checksumIn(text: string, path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const sums = lines.filter(([sum = ""]) => /^[0-9a-f]{64}$/.test(sum));
  const own =
    sums.find(([, of]) => of?.replace(/^[*]?(.*\/)?/, "") === name) ?? (sums.length === 1 ? sums[0] : undefined);
  return own?.[0];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      mirror: { type: "string" },
      replace: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const mirror = mirrorOf(values.mirror === undefined ? process.env : { CCTELEGRAM_MIRROR: values.mirror });
  const pinned = JSON.parse(await readFile(CHECKSUMS, "utf8")) as Checksums;
  const found = await publishedChecksums({ mirror, pinned, replace: values.replace, read: downloadText });
  await writeFile(CHECKSUMS, `${JSON.stringify(found, null, 2)}\n`);
  const added = Object.keys(found).filter((path) => pinned[path]?.sha256 !== found[path]?.sha256);
  console.log(`${Object.keys(found).length} checksums, ${added.length} of them new:\n${added.join("\n")}`);
}

if (import.meta.main) await main();
