/** The cluster of the end-to-end tests. */
export const clusterName = "e2e";

/** A second tag of the server image, to upgrade to. */
export const nextTag = "next";
