import type { FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { type Caller, type Credentials, securityDetails } from "../access/access.ts";
import { isLacking, lacking, permits } from "../access/client.ts";
import type { Guards } from "../http/app.ts";
import { type Authentication, originOf } from "../http/authentication.ts";
import { type Password, userName } from "./password.ts";

export type ReadersOptions = {
  readonly guards: Pick<Guards, "access" | "bans" | "security">;
  readonly authentication: Authentication;
  readonly auth: { readonly enabled: boolean };
  /** Undefined: whoever looks shows an API key. */
  readonly password: Password | undefined;
};

/** Somebody who may look. */
export type Reader = {
  readonly name: string;
  /** False when what was shown counts no longer: whoever still listens has to be let go. */
  isValid(): boolean;
};

/** What a key needs to look. */
const permission = "get_bridge_status";

/** Finds out who may look at the dashboard, and who may do something. */
export class Readers {
  readonly #options: ReadersOptions;

  constructor(options: ReadersOptions) {
    this.#options = options;
  }

  /** Throws AUTHENTICATION_ERROR, UNAUTHORIZED_TOOL, ADDRESS_BANNED or RATE_LIMIT_EXCEEDED. */
  async reader(request: FastifyRequest, reply: FastifyReply): Promise<Reader> {
    const basic = basicOf(request.headers.authorization);
    if (request.headers["x-api-key"] === undefined && basic !== undefined) return await this.#byBasic(basic, request);
    if (!hasCredentials(request)) return this.#stranger();
    const caller = await this.#options.authentication.identify(request);
    this.#count(caller, request, reply);
    const { "x-api-key": apiKey, authorization } = request.headers;
    return this.#permitted(caller, { apiKey: typeof apiKey === "string" ? apiKey : undefined, authorization }, request);
  }

  /**
   * Only a header that a page of somebody else cannot send shows who acts: browsers add the password by themselves. Throws what
   * `reader` throws.
   */
  async actor(request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
    if (typeof request.headers["x-api-key"] !== "string") {
      throw new ServerError("AUTHENTICATION_ERROR", {
        reason: "Whoever changes something shows an API key in X-API-Key.",
      });
    }
    const caller = await this.#options.authentication.identify(request);
    this.#count(caller, request, reply);
    return caller;
  }

  #permitted(caller: Caller, credentials: Credentials, request: FastifyRequest): Reader {
    const { access, security } = this.#options.guards;
    const { client } = caller;
    const origin = originOf(request);
    if (!permits(client, permission)) {
      security("authorization_failure", { ...securityDetails(origin), client: client.name, tool: "dashboard" });
      throw lacking(client, "the dashboard", permission, { required_permission: permission });
    }
    return {
      name: client.name,
      isValid: () => isStill(caller, () => access.authenticate(credentials, origin, caller)),
    };
  }

  /** The password, or a key in its place: a browser asks for nothing else. */
  async #byBasic({ user, password: shown }: Basic, request: FastifyRequest): Promise<Reader> {
    const { guards, password } = this.#options;
    const origin = originOf(request);
    const ban = guards.bans.refusalOfStranger(origin, "password");
    const isCompared = password !== undefined && user === userName && ban === undefined;
    // While an address is banned no guess is compared. A key is too long to be guessed, and still gets in.
    if (isCompared && password.matches(shown)) {
      const { mark } = password;
      return { name: userName, isValid: () => password.mark.equals(mark) };
    }
    try {
      return await this.#byShownKey(shown, request);
    } catch (error) {
      if (isCompared && !isPermissionError(error)) guards.bans.failed(origin, "password");
      throw ban ?? error;
    }
  }

  async #byShownKey(apiKey: string, request: FastifyRequest): Promise<Reader> {
    const { guards, password, auth } = this.#options;
    const origin = originOf(request);
    if (auth.enabled) return this.#permitted(await guards.access.authenticate({ apiKey }, origin), { apiKey }, request);
    if (password === undefined) return this.#stranger();
    guards.security("authentication_failure", securityDetails(origin));
    throw wrong();
  }

  /** A browser comes without anything first: that is no failure, and it is asked. */
  #stranger(): Reader {
    const { password, auth } = this.#options;
    if (password === undefined && !auth.enabled) return { name: "anonymous", isValid: () => true };
    throw new ServerError("AUTHENTICATION_ERROR", { reason: "A user name and password are required, or an API key." });
  }

  #count(caller: Caller, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = this.#options.authentication.count(caller, request, reply);
    if (refusal !== undefined) throw refusal;
  }
}

/** Whoever may not look has shown a key that counts. */
const isPermissionError = (error: unknown): boolean => error instanceof ServerError && isLacking(error);

/** Whether credentials are still those of a caller. */
function isStill(caller: Caller, authenticate: () => Caller | Promise<Caller>): boolean {
  try {
    const now = authenticate();
    if (now instanceof Promise) now.catch(() => {});
    return now === caller;
  } catch {
    return false;
  }
}

const wrong = () => new ServerError("AUTHENTICATION_ERROR", { reason: "The user name or the password is not right." });

type Basic = { readonly user: string; readonly password: string };

const longestHeader = 1024;

/** RFC 7617; undefined for anything else. */
function basicOf(header: string | undefined): Basic | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined || encoded.length > longestHeader) return undefined;
  const [, user = "", password = ""] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  return { user, password };
}

const hasCredentials = ({ headers }: FastifyRequest): boolean =>
  headers["x-api-key"] !== undefined || headers.authorization !== undefined;

/** Whether a browser is to ask the person: not where a program showed a key. */
export const asksPerson = (request: FastifyRequest): boolean =>
  request.method === "GET" &&
  request.headers["x-api-key"] === undefined &&
  !/^Bearer /i.test(request.headers.authorization ?? "");
