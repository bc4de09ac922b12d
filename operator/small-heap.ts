import { setFlagsFromString } from "node:v8";

/**
 * V8 lets garbage pile up for the sake of speed, of which the operator has plenty: 200 MiB instead of 118 after a start
 * with thousands of children (docs/performance.md). Imported first, before anything has grown.
 */
setFlagsFromString("--optimize-for-size");
setFlagsFromString("--max-semi-space-size=1");
