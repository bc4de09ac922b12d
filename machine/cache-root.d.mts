export function cacheRoot(env?: NodeJS.ProcessEnv, home?: string): string;
