/** Largest body of a request, in bytes. */
export const bodyLimit = 1024 * 1024;

export const bodyLimitText = "1 MiB";
