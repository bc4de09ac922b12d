/** The cluster of the end-to-end tests. */
export const clusterName = "e2e";

/** A second tag of the images of server and operator, to upgrade to. */
export const nextTag = "next";
