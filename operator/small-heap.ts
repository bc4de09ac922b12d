import { setFlagsFromString } from "node:v8";

/*
 * V8 spends memory on speed, and the operator waits for the API server most of its time. Imported first, before anything
 * has grown. docs/performance.md says what it saves and costs.
 */

// Garbage is collected soon, not when there is a lot of it.
setFlagsFromString("--optimize-for-size");
setFlagsFromString("--max-semi-space-size=2");

// Of the compilers only the baseline one: the optimising two need memory to work in, and more code to be loaded.
setFlagsFromString("--no-maglev");
setFlagsFromString("--no-opt");
