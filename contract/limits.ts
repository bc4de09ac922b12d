/** Largest body of a request to server or bridge, in bytes: what an event may have. */
export const bodyLimit = 256 * 1024;

export const bodyLimitText = "256 KiB";
