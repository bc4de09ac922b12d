import type { ServerError } from "../../../contract/errors.ts";
import type { Exchange } from "../exchange.ts";
import type { RequestMessage } from "../message.ts";
import type { EraName, Method } from "../method.ts";
import type { ServerFacts } from "../server-info.ts";
import type { ClientCapabilities } from "../session.ts";

/** What a request says of its sender. */
export type Terms = { readonly version: string; readonly capabilities: ClientCapabilities };

/** What revisions that begin in one way have in common, and others have not. */
export type Era = {
  readonly name: EraName;
  /** Finds out under which terms a request comes. Throws errors of the catalogue. */
  termsOf(message: RequestMessage, exchange: Exchange): Terms;
  /** A method's result as the era has it. */
  dress(result: object, method: Method, server: ServerFacts): object;
  /** The code of an error where the era has one of its own. */
  codeOf(error: ServerError): number;
};
