import { setFlagsFromString } from "node:v8";

/**
 * V8 lets garbage pile up for the sake of speed, of which the operator has plenty: 200 MiB instead of 118 after a start
 * with thousands of children (docs/performance.md). Imported first, before anything has grown.
 */
setFlagsFromString("--optimize-for-size");
setFlagsFromString("--max-semi-space-size=1");
// Two of V8's four compilers. With 1,000 resources 109 MiB instead of 111, with none 95 instead of 88, one run each:
// not sure to be a gain.
setFlagsFromString("--no-sparkplug");
setFlagsFromString("--no-maglev");
