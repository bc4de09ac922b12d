/** `node build.ts [--images] [server|operator|telegram ...]`: writes the bundles to dist/, and builds the images. */
import { parseArgs } from "node:util";
import { bundle } from "./images/bundle.ts";
import { type ImageName, imageNames } from "./images/names.ts";
import { buildImages } from "./images/project-images.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { images: { type: "boolean" } } });
const unknown = positionals.filter((name) => !(imageNames as readonly string[]).includes(name));
if (unknown.length > 0) {
  throw new Error(`nothing is called ${unknown.join(", ")}: choose from ${imageNames.join(", ")}`);
}
const chosen = positionals.length > 0 ? (positionals as ImageName[]) : imageNames;
await bundle(chosen);
if (values.images) await buildImages(chosen);
