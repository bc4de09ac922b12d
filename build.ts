/** `node build.ts [--images] [server|operator|telegram ...]`: writes the bundles to dist/, and builds the images. */
import { parseArgs } from "node:util";
import { bundle } from "./images/bundle.ts";
import { imageNames } from "./images/names.ts";
import { buildImages } from "./images/project-images.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { images: { type: "boolean" } } });
const unknown = positionals.filter((name) => !imageNames.some((known) => known === name));
if (unknown.length > 0) {
  throw new Error(`nothing is called ${unknown.join(", ")}: choose from ${imageNames.join(", ")}`);
}
const chosen = imageNames.filter((name) => positionals.length === 0 || positionals.includes(name));
await bundle(chosen);
if (values.images) await buildImages(chosen);
