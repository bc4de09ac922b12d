import { imageIsNotAccepted } from "../../image/problems.ts";
import { fails, holds, type Judge, unknown } from "./judgement.ts";

/** Pods may be made from the image: it was found, and signed where that is asked for. */
export const imageAccepted: Judge = (snapshot) => {
  const problem = imageIsNotAccepted(snapshot);
  if (problem) return fails(problem.reason, problem.message);
  if (snapshot.image?.state !== "Accepted") return unknown("ImagePending", "the registry is being asked for the image");
  return snapshot.resource.spec.images.verification === undefined
    ? holds("DigestKnown", "the pods run the digest that status.image names")
    : holds("SignatureVerified", "a key of images.verification has signed the image that status.image names");
};
