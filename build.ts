/**
 * `node build.ts [--images] [--archive-url URL] [server|operator|telegram|plugin ...]`: writes the bundles to dist/, and builds the images. The
 * URL is the one under which the plugin's archive will be published: then its krew manifest is written, too.
 */
import { parseArgs } from "node:util";
import { bundle } from "./images/bundle.ts";
import { imageNames } from "./images/names.ts";
import { packPlugin, writeKrewManifest } from "./images/plugin-package.ts";
import { buildImages } from "./images/project-images.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { images: { type: "boolean" }, "archive-url": { type: "string" } },
});
const names = [...imageNames, "plugin"] as const;
const unknown = positionals.filter((name) => !names.some((known) => known === name));
if (unknown.length > 0) {
  throw new Error(`nothing is called ${unknown.join(", ")}: choose from ${names.join(", ")}`);
}
const chosen = names.filter((name) => positionals.length === 0 || positionals.includes(name));
await bundle(chosen);
if (values.images) await buildImages(imageNames.filter((name) => chosen.includes(name)));
if (chosen.includes("plugin")) {
  const archive = await packPlugin();
  if (values["archive-url"] !== undefined) await writeKrewManifest(archive, values["archive-url"]);
}
