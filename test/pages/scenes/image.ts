import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cosignPair } from "../../operator/deployment/image/support/signing.ts";
import { createResource, createToken, untilCondition, untilSettled } from "../../operator/deployment/support/steps.ts";
import { exampleIn, type Scene } from "../performance.ts";

const pair = cosignPair();

/** A registry that has the image with a signature by the pair of the page. */
export const image: Scene = {
  page: "image",
  async given({ world, folder }) {
    await createToken(world);
    await writeFile(join(folder, "cosign.pub"), pair.pem);
    world.reviewImage = async ({ policy, reference, keys = [] }) => {
      if (!keys.includes(pair.pem)) return { policy, reference, state: "Refused", message: "no key has signed it" };
      return { policy, reference, state: "Found", digest: `sha256:${"c".repeat(64)}` };
    };
    await world.startOperator();
    await createResource(world, "team", { images: exampleIn("image", "verification:").spec.images });
    await untilCondition(world, "team", "ImageAccepted", { status: "False", reason: "ImageUnverifiable" });
  },
  parts: {
    "create secret generic release-signers": {
      async after({ world }) {
        await untilCondition(world, "team", "ImageAccepted", { status: "True", reason: "SignatureVerified" });
        await untilSettled(world, "team");
      },
    },
  },
};
