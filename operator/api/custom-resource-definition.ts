import * as z from "zod";
import { rules } from "./schema.ts";
import { deploymentSpec } from "./spec.ts";
import { deploymentStatus } from "./status.ts";

type Schema = { [keyword: string]: unknown };

export const group = "cctelegram.io";
export const version = "v1alpha1";

const resource = z
  .strictObject({ spec: deploymentSpec, status: deploymentStatus.optional() })
  .describe("CCTelegramDeployment runs CCTelegram: an MCP server for AI clients and a bridge to Telegram.")
  .meta(
    rules(
      {
        rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        message: "metadata.name must be letters, digits and '-', and start with a letter: Services are named after it",
      },
      {
        rule: "self.metadata.name.size() <= 40",
        message: "metadata.name must have at most 40 characters: the names of its pods are built from it",
      },
      {
        // Else Secret a-connection-b-connection-c belongs to client b-connection-c of a, and to client c of a-connection-b.
        rule: "oldSelf.hasValue() || !self.metadata.name.matches('-connection(-|$)')",
        message: "metadata.name must not hold '-connection': its Secrets could have the names of another resource's",
        optionalOldSelf: true,
      },
    ),
  );

const columns = [
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: "Servers", type: "string", jsonPath: ".status.servers" },
  { name: "Bridge", type: "string", jsonPath: ".status.bridge" },
  { name: "Delivering", type: "string", jsonPath: '.status.conditions[?(@.type=="Delivering")].status' },
  { name: "Queue", type: "integer", jsonPath: ".status.queue" },
  { name: "Version", type: "string", jsonPath: ".status.version" },
  { name: "URL", type: "string", jsonPath: ".status.url" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  {
    name: "Reason",
    type: "string",
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    priority: 1,
  },
  {
    name: "Exposed",
    type: "string",
    jsonPath: '.status.conditions[?(@.type=="Exposed")].status',
    priority: 1,
  },
];

/** The CustomResourceDefinition of CCTelegramDeployment, derived from the zod schemas. */
export function customResourceDefinition() {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `cctelegramdeployments.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: {
        kind: "CCTelegramDeployment",
        listKind: "CCTelegramDeploymentList",
        plural: "cctelegramdeployments",
        singular: "cctelegramdeployment",
        shortNames: ["cctd"],
        categories: ["cctelegram"],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: openAPISchema(resource, "CCTelegramDeployment") },
          subresources: {
            status: {},
            scale: {
              specReplicasPath: ".spec.server.replicas",
              statusReplicasPath: ".status.replicas",
              labelSelectorPath: ".status.selector",
            },
          },
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
}

/** The schema of a kind as a CustomResourceDefinition has it. */
export function openAPISchema(resource: z.ZodType, kind: string): Schema {
  const schema = structural(z.toJSONSchema(resource, { io: "input", target: "draft-7" }) as Schema);
  return { ...schema, properties: { ...typeMeta(kind), ...(schema.properties as Schema) } };
}

const typeMeta = (kind: string) => ({
  apiVersion: { type: "string", description: "Version of the schema of this object." },
  kind: { type: "string", description: `The kind of this object: ${kind}.` },
  metadata: { type: "object" },
});

/** Keywords of JSON Schema that a structural schema refuses or does not need. */
const refused = new Set(["$schema", "propertyNames"]);

/** JSON Schema as a structural schema of Kubernetes: closed objects by pruning, integers with a format. */
function structural(schema: Schema): Schema {
  if (schema.anyOf) return intOrString(schema);
  const result: Schema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (refused.has(keyword) || value === false || (keyword === "pattern" && schema.format !== undefined)) continue;
    result[keyword] = convert(keyword, value);
  }
  if (result.type === "integer") result.format = "int64";
  if (result.maximum === Number.MAX_SAFE_INTEGER) delete result.maximum;
  return result;
}

/** A union of integer and string, the only union that a structural schema allows. Each bound applies to values of its own type. */
function intOrString({ anyOf, ...schema }: Schema): Schema {
  const [number, text] = anyOf as [Schema, Schema];
  const { minimum, maximum } = structural(number);
  const { maxLength, pattern } = text;
  const types = [{ type: "integer" }, { type: "string" }];
  return {
    ...schema,
    "x-kubernetes-int-or-string": true,
    anyOf: types,
    minimum,
    ...(maximum === undefined ? {} : { maximum }),
    maxLength,
    pattern,
  };
}

function convert(keyword: string, value: unknown): unknown {
  if (keyword === "properties") {
    return Object.fromEntries(
      Object.entries(value as Schema).map(([key, child]) => [key, structural(child as Schema)]),
    );
  }
  return keyword === "items" || keyword === "additionalProperties" ? structural(value as Schema) : value;
}
