import { type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";

export type Get = (url: URL, options: GetOptions) => Promise<Answer>;

type GetOptions = {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** In bytes. A longer answer is cut off with an error. */
  readonly longest: number;
};

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** The operator does not call this address. */
export class NotCalledError extends Error {
  override readonly name = "NotCalledError";
}

type Options = {
  /** All addresses of a name. */
  readonly lookup: (name: string) => Promise<readonly string[]>;
  /** Whether a connection may be opened to an address. */
  readonly mayDial: (address: string) => boolean;
  /** Hosts with ports that the administrator lists: they are called by plain HTTP, and whatever their address is. */
  readonly plainHosts: readonly string[];
  /** For one answer. Default 10 s. */
  readonly timeoutMs?: number;
};

const mostRedirects = 3;

/**
 * GET of a URL that an author of a resource, or a registry, has named: by https, with a valid certificate, to no address of the operator's
 * own machine, of metadata services and of the API server, for a limited time and size. The address that was checked is the one that is called.
 */
export function guardedGet(options: Options): Get {
  const get = async (url: URL, request: GetOptions, redirects: number): Promise<Answer> => {
    const answer = await once(url, request, options);
    const to = answer.headers.location;
    if (answer.status < 300 || answer.status >= 400 || to === undefined) return answer;
    if (redirects === 0) throw new NotCalledError("too many redirects");
    const next = new URL(to, url);
    // Blobs are often elsewhere, where the credentials for the registry are none of anybody's business.
    const { authorization: _, ...others } = request.headers ?? {};
    const headers = next.origin === url.origin ? request.headers : others;
    return get(next, { ...request, ...(headers ? { headers } : {}) }, redirects - 1);
  };
  return (url, request) => get(url, request, mostRedirects);
}

function once(url: URL, { method = "GET", headers = {}, longest }: GetOptions, options: Options): Promise<Answer> {
  const isPlain = url.protocol === "http:" && options.plainHosts.includes(url.host);
  const address = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (!isPlain && url.protocol !== "https:") throw new NotCalledError(`${url.host} is not called by ${url.protocol}//`);
  if (!isPlain && isIP(address) !== 0 && !options.mayDial(address)) {
    throw new NotCalledError(`the address ${address} is not called`);
  }
  return new Promise((resolve, reject) => {
    const common = { method, agent: false, headers, ...(isPlain ? {} : { lookup: guardedLookup(options) }) };
    const call = isPlain ? plainRequest(url, common) : secureRequest(url, { ...common, minVersion: "TLSv1.2" });
    const { timeoutMs = 10_000 } = options;
    const timer = setTimeout(() => call.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    call.on("close", () => {
      clearTimeout(timer);
      reject(new Error("the connection was closed without an answer"));
    });
    call.on("error", reject);
    call.on("response", (answer) => {
      bodyOf(answer, longest).then(
        (body) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }),
        reject,
      );
    });
    call.end();
  });
}

function guardedLookup({ lookup, mayDial }: Options): LookupFunction {
  return (name, { all }, done) => {
    lookup(name).then(
      (addresses) => {
        const allowed = addresses
          .filter(mayDial)
          .map((address) => ({ address, family: isIP(address) === 6 ? 6 : 4 }) as const);
        const [first] = allowed;
        if (first === undefined) done(new NotCalledError(`the addresses of ${name} are not called`), "", 4);
        else if (all) done(null, allowed);
        else done(null, first.address, first.family);
      },
      (error: Error) => done(error, "", 4),
    );
  };
}

function bodyOf(answer: IncomingMessage, longest: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    answer.on("data", (piece: Buffer) => {
      pieces.push(piece);
      length += piece.length;
      if (length > longest) answer.destroy(new Error(`the answer is longer than ${longest} bytes`));
    });
    answer.on("end", () => resolve(Buffer.concat(pieces)));
    answer.on("error", reject);
    answer.on("close", () => reject(new Error("the answer broke off")));
  });
}
