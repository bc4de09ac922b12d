import { ServerError } from "../../../contract/errors.ts";
import { logLevels } from "../../features/interaction.ts";
import { isObject, type Params } from "../message.ts";
import type { ServerInfo } from "../server-info.ts";
import { clientCapabilitiesSchema } from "../session.ts";
import { isStatelessVersion, protocolVersions } from "../versions.ts";
import type { Era } from "./era.ts";

/** Keys of `_meta` (MCP 2026-07-28, General fields). */
export const metaKeys = Object.freeze({
  version: "io.modelcontextprotocol/protocolVersion",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  logLevel: "io.modelcontextprotocol/logLevel",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
});

/** MCP 2026-07-28: each request tells its terms. */
export const stateless: Era = {
  name: "stateless",
  termsOf(message, exchange) {
    const meta = metaOf(message.params);
    const { [metaKeys.version]: version, [metaKeys.clientCapabilities]: declared } = meta;
    if (typeof version !== "string") throw missing(metaKeys.version);
    const capabilities = clientCapabilitiesSchema.safeParse(declared);
    if (!capabilities.success) throw missing(metaKeys.clientCapabilities);
    exchange.verify(message);
    if (!isStatelessVersion(version)) throw unsupportedVersion(version);
    const { [metaKeys.logLevel]: level } = meta;
    if (level !== undefined && !logLevels.some((known) => known === level)) throw missing(metaKeys.logLevel);
    return { version, capabilities: capabilities.data };
  },
  dress(result, { caching }, { info }) {
    const { _meta, ...rest } = result as { _meta?: object };
    return {
      resultType: "complete",
      ...caching,
      ...rest,
      _meta: { ...ofServer(info), ..._meta },
    };
  },
  codeOf: ({ entry }) => entry.jsonRpcCode,
};

/** What each result says of the server in its `_meta`; the rest `server/discover` tells. */
export function ofServer({ name, version }: ServerInfo) {
  return { [metaKeys.serverInfo]: { name, version } };
}

export function metaOf({ _meta: meta }: Params): Params {
  return isObject(meta) ? meta : {};
}

export function unsupportedVersion(requested: string): ServerError {
  return new ServerError("UNSUPPORTED_PROTOCOL_VERSION", {
    supported: protocolVersions,
    requested: requested.slice(0, 32),
  });
}

function missing(key: string): ServerError {
  return new ServerError("INVALID_PARAMS", {
    problems: `_meta["${key}"] is missing or has not the form that it needs`,
  });
}
