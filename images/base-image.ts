import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, cacheKey } from "../machine/cache.ts";
import { run } from "../machine/command.mjs";
import { type Progress, progress } from "../machine/progress.mjs";
import { ARCHIVE, exportImage } from "./archive.ts";
import { buildah, INPUTS_LABEL, inputsOf } from "./buildah.ts";
import { fullImageName } from "./names.ts";

/** Used instead of the public image that the Dockerfile names, with its own name because it is a different image. */
export const BASE_IMAGE = fullImageName("cctelegram/node-base:26");

const PROJECT = join(import.meta.dirname, "..");
/** Node needs libatomic1 since version 26: without it a container exits with code 127. */
const PACKAGES = ["base-files", "libc6", "libgcc-s1", "libstdc++6", "libatomic1", "ca-certificates"];
const NOT_NEEDED = ["doc", "man", "locale", "lintian", "bug", "info", "common-licenses", "base-files", "libc-bin"];
const USERS = "root:x:0:0:root:/root:/sbin/nologin\nnode:x:1000:1000:node:/home/node:/sbin/nologin\n";
const GROUPS = "root:x:0:\nnode:x:1000:\n";
const CONTAINERFILE = `FROM scratch
COPY root /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["node"]
`;

/** Builds the base image in the project's image storage: the Debian libraries that Node needs, and Node from npm. */
export function baseImage(steps: Progress = progress): Promise<string> {
  return steps.step("base image", async ({ update, cached: markCached }) => {
    const recipe = await readFile(import.meta.filename);
    const key = cacheKey([recipe, process.version, process.arch]);
    const { folder } = await cached({ kind: "images/base", key, build: (target) => build(target, update) });
    if ((await inputsOf(BASE_IMAGE)) === key) markCached();
    else await restore(join(folder, ARCHIVE), key);
    return key;
  });
}

async function restore(archive: string, key: string): Promise<void> {
  const pulled = (await buildah(["pull", "--quiet", `docker-archive:${archive}`])).trim();
  const container = (await buildah(["from", "--pull-never", pulled])).trim();
  await buildah(["config", "--label", `${INPUTS_LABEL}=${key}`, container]);
  await buildah(["commit", "--quiet", "--rm", "--timestamp", "0", container, BASE_IMAGE]);
}

async function build(target: string, update: (detail: string) => void): Promise<void> {
  const root = join(target, "root");
  await mkdir(root);
  update("Debian packages");
  await unpackPackages(target, root);
  update("trimming");
  await addCertificates(root);
  await trim(root);
  await writeFile(join(root, "etc/passwd"), USERS);
  await writeFile(join(root, "etc/group"), GROUPS);
  update("Node");
  await mkdir(join(root, "usr/local/bin"), { recursive: true });
  const node = await realpath(join(PROJECT, "node_modules/.bin/node"));
  await cp(node, join(root, "usr/local/bin/node"));
  // A quarter of the program is symbols, which would be copied to every node. Without the tool they stay.
  await run("strip", ["--strip-unneeded", join(root, "usr/local/bin/node")]).catch(() => undefined);
  update("image");
  await writeFile(join(target, "Containerfile"), CONTAINERFILE);
  await buildah(["bud", "--quiet", "--timestamp", "0", "--tag", BASE_IMAGE, "--file", "Containerfile", "."], {
    cwd: target,
  });
  await exportImage(BASE_IMAGE, join(target, ARCHIVE));
  await rm(root, { recursive: true });
}

/** Packages are only unpacked: their scripts would need a shell and more packages. */
async function unpackPackages(target: string, root: string): Promise<void> {
  const folder = join(target, "packages");
  await mkdir(folder);
  const download = () => run("apt-get", ["download", "--quiet", ...PACKAGES], { cwd: folder });
  await download().catch(async () => {
    // The machine's package lists are missing or out of date.
    await run("apt-get", ["update", "--quiet"]);
    await download();
  });
  for (const file of await readdir(folder)) await run("dpkg-deb", ["--extract", join(folder, file), root]);
  await rm(folder, { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    const isMerged = !existsSync(join(root, name)) && existsSync(join(root, "usr", name));
    if (isMerged) await symlink(`usr/${name}`, join(root, name));
  }
}

/** Does what the package's own script does at installation: writes all authorities to one file. */
async function addCertificates(root: string): Promise<void> {
  const folder = join(root, "usr/share/ca-certificates/mozilla");
  const files = (await readdir(folder)).sort();
  const all = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  await mkdir(join(root, "etc/ssl/certs"), { recursive: true });
  await writeFile(join(root, "etc/ssl/certs/ca-certificates.crt"), all.join(""));
  await rm(join(root, "usr/share/ca-certificates"), { recursive: true });
}

async function trim(root: string): Promise<void> {
  for (const name of NOT_NEEDED) await rm(join(root, "usr/share", name), { recursive: true, force: true });
  const libraries = (await readdir(join(root, "usr/lib"))).filter((name) => name.endsWith("-linux-gnu"));
  for (const name of libraries) await rm(join(root, "usr/lib", name, "gconv"), { recursive: true, force: true });
}
