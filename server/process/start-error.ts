/** Why a process cannot start, for the person who starts it: what is wrong, and what to do. Never holds a secret. */
export class StartError extends Error {
  override readonly name = "StartError";

  constructor(problem: string, advice: string, cause?: unknown) {
    super(`${problem}\n${advice}`, cause === undefined ? undefined : { cause });
  }
}

/** Where a role listens, and the variables that say so. */
export type Listener = {
  readonly host: string;
  readonly port: number;
  readonly hostVariable: string;
  readonly portVariable: string;
};

/** Waits until something listens. Rejects with a StartError when address or port cannot be taken. */
export async function listening<T>(start: Promise<T>, listener: Listener): Promise<T> {
  try {
    return await start;
  } catch (error) {
    throw listenProblem(error, listener) ?? error;
  }
}

function listenProblem(error: unknown, { host, port, hostVariable, portVariable }: Listener): StartError | undefined {
  const code = codeOf(error);
  const where = `${host}:${port}`;
  if (code === "EADDRINUSE") {
    const advice = `Choose another port with ${portVariable}, or stop what uses it.`;
    return new StartError(`Cannot listen on ${where}: the port is in use.`, advice, error);
  }
  if (code === "EACCES" || code === "EPERM") {
    const advice = `Choose a port above 1023 with ${portVariable}.`;
    return new StartError(`Cannot listen on ${where}: this user may not take the port.`, advice, error);
  }
  if (code === undefined) return undefined;
  const advice = `Set ${hostVariable} to an address of this machine, such as 127.0.0.1, 0.0.0.0 or ::.`;
  return new StartError(`Cannot listen on ${where}: it is no address of this machine (${code}).`, advice, error);
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EEXIST: "it is not a directory",
  ENOTDIR: "it, or a part of its path, is not a directory",
  ENOENT: "it cannot be made there",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "the name is too long",
};

/** The StartError for a directory that cannot be used, from what the file system said. */
export function directoryProblem(path: string, variable: string, error: unknown): StartError {
  const code = codeOf(error) ?? "unknown";
  const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  const advice = `Set ${variable} to a directory that this user may write to and that survives restarts.`;
  return new StartError(`The directory ${path} cannot be used: ${reason} (${code}).`, advice, error);
}

/** The system's code of an error, such as EADDRINUSE. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
