import * as z from "zod";
import { type Rule, rules } from "./schema.ts";

const url = (field: string, further: readonly Rule[] = []) =>
  z
    .string()
    .min(1)
    .max(500)
    .meta(
      rules(
        { rule: "isURL(self)", message: `${field} must be a URL, for example https://auth.example.com/realms/team` },
        {
          rule: "!self.matches('^[^/?#]*//[^/?#]*@') && !self.matches('[?#]')",
          message: `${field} must have no user name, no query and no fragment`,
        },
        ...further,
      ),
    );

const secureUrl = (field: string) =>
  url(field, [
    {
      rule: "self.startsWith('https://')",
      message: `${field} must be an https URL: whoever can change what is read there decides who may call`,
    },
  ]);

/** The access tokens that the server takes, as its variables MCP_OAUTH_* have them. */
export const oauth = z.strictObject({
  issuer: secureUrl("issuer").describe(
    "Issuer of the access tokens, exactly as it stands in them, slashes included. A public address on its port is open to the server's pods; another one needs networkPolicy.egressTo.",
  ),
  resource: url("resource", [
    {
      rule: "self.matches('^https?://[^/]+(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?$')",
      message: "resource must be an http or https URL with a path of letters, digits, '-', '_', '.' and '~'",
    },
  ])
    .optional()
    .describe(
      "URL under which clients reach MCP, and which tokens need in aud. Default: that of the exposure, else the one inside the cluster.",
    ),
  jwksUrl: secureUrl("jwksUrl")
    .optional()
    .describe("Where the issuer's keys are. Default: where its metadata says, on the issuer's own origin."),
  scopePrefix: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[!#-[\]-~]+$/)
    .default("cctelegram:")
    .describe("What stands in front of a permission in a scope; none: nothing does."),
  offeredPermissions: z
    .array(
      z
        .string()
        .min(1)
        .max(64)
        .regex(/^[a-z][a-z0-9_:.-]*$/),
    )
    .min(1)
    .max(64)
    .optional()
    .describe(
      "Permissions for whose scopes clients are told to ask. Default: every tool's but those that control the bridge, delete or lift bans.",
    )
    .meta({ "x-kubernetes-list-type": "set" }),
  allScope: z
    .enum(["Enabled", "Disabled"])
    .default("Disabled")
    .describe('Enabled: the prefix and "*" is a scope that permits everything.'),
});
