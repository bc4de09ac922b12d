import { ServerError } from "../../contract/errors.ts";
import { auditDetails, type Caller, type Origin } from "../access/access.ts";
import { type Client, permitsReading } from "../access/client.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import type { ResourceContents } from "../features/content.ts";
import type { Features } from "../features/features.ts";
import type { Interaction } from "../features/interaction.ts";
import type { Arguments, Prompt, PromptMessage } from "../prompts/prompt.ts";
import type { Resource, ResourceContext, ResourceTemplate, Variables } from "../resources/resource.ts";
import { uriMatcher } from "../resources/uri-template.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { AuditedCaller } from "../tools/audited-caller.ts";
import type { ToolResult } from "../tools/tool.ts";
import { type ListedTool, listingOf } from "../tools/tool-listing.ts";
import type { RequestLogger } from "./method.ts";
import { byRelevance } from "./relevance.ts";

/** A URI that a client may read. */
type Readable = {
  /** Its URI, or the template of those like it. */
  readonly kind: string;
  read(): Promise<readonly ResourceContents[]>;
  readonly topic: string | undefined;
};

/** What one client may see and use of the features. Everything else is unknown to it. */
export type Catalogue = {
  tools(): readonly ListedTool[];
  call(call: {
    caller: Caller;
    name: string;
    args: unknown;
    interaction: Interaction;
    log: RequestLogger;
    origin: Origin;
  }): Promise<ToolResult>;
  resources(): readonly Resource[];
  resourceTemplates(): readonly ResourceTemplate[];
  /** Throws RESOURCE_NOT_FOUND. */
  resource(uri: string): Readable;
  /** Reads a resource, which is written down. Rejects with RESOURCE_NOT_FOUND and what the resource throws. */
  read(uri: string, origin: Origin): Promise<readonly ResourceContents[]>;
  prompts(): readonly Prompt[];
  /** Throws UNKNOWN_PROMPT, or INVALID_PARAMS when a required argument is missing. */
  prompt(name: string, args: Arguments, interaction: Interaction): Promise<PromptResult>;
  /** Values of an argument of a prompt, or a variable of a template, that fit what was typed, the most relevant first. */
  complete(reference: Reference, argument: string, typed: string): Promise<readonly string[]>;
};

type PromptResult = { readonly description: string; readonly messages: readonly PromptMessage[] };

type Reference =
  | { readonly type: "ref/prompt"; readonly name: string }
  | { readonly type: "ref/resource"; readonly uri: string };

export type CatalogueOptions = {
  readonly features: Features;
  readonly tools: AuditedCaller;
  readonly bridge: BridgeClient;
  readonly audit: Audit;
};

/** Makes what a client sees; once for each client, not for each request. */
export function catalogues({ features, tools, bridge, audit }: CatalogueOptions): (client: Client) => Catalogue {
  const templates = features.resourceTemplates.map((template) => ({
    template,
    match: uriMatcher(template.uriTemplate),
  }));
  const prompts = new Map(features.prompts.map((prompt) => [prompt.name, prompt]));
  const made = new WeakMap<Client, Catalogue>();

  const make = (client: Client): Catalogue => {
    const isVisible = (resource: Pick<Resource, "name" | "permission">) => permitsReading(client, resource);
    const context: ResourceContext = { bridge, client };
    const listed = tools.list(client).map(listingOf);
    const resources = features.resources.filter(isVisible);
    const visibleTemplates = templates.filter(({ template }) => isVisible(template));

    const find = (uri: string): Readable => {
      const fixed = resources.find((resource) => resource.uri === uri);
      if (fixed !== undefined)
        return { kind: uri, read: () => fixed.read(context), topic: fixed.topicOf?.(client) ?? fixed.topic };
      for (const { template, match } of visibleTemplates) {
        const variables = match(uri);
        if (variables !== undefined) return readable(uri, template, variables, context);
      }
      throw new ServerError("RESOURCE_NOT_FOUND", { uri: uri.slice(0, 200) });
    };

    return {
      tools: () => listed,
      call: (call) => tools.call(call),
      resources: () => resources,
      resourceTemplates: () => visibleTemplates.map(({ template }) => template),
      resource: find,
      read(uri, origin) {
        const who = { client: client.name, client_id: client.id, ...auditDetails(origin) };
        const subject = { decision: "resource_read", ...who } as const;
        const found = { found: () => ({ resource: uri.slice(0, 200) }) };
        let readable: Readable;
        try {
          readable = find(uri);
        } catch (error) {
          return audit.follow(subject, () => Promise.reject(error));
        }
        // What of an URI a client has made up is not written down.
        return audit.follow({ ...subject, resource: readable.kind }, () => readable.read(), found);
      },
      prompts: () => features.prompts,
      async prompt(name, args, interaction) {
        const prompt = prompts.get(name);
        if (prompt === undefined) throw new ServerError("UNKNOWN_PROMPT", { prompt: name.slice(0, 128) });
        requireArguments(prompt, args);
        return { description: prompt.description, messages: await prompt.messages(args, interaction) };
      },
      async complete(reference, argument, typed) {
        if (reference.type === "ref/prompt")
          return completePrompt(prompts.get(reference.name), reference.name, argument, typed);
        const found = visibleTemplates.find(({ template }) => template.uriTemplate === reference.uri);
        if (found === undefined) throw new ServerError("RESOURCE_NOT_FOUND", { uri: reference.uri.slice(0, 200) });
        return (await found.template.complete?.(argument, typed, context)) ?? [];
      },
    };
  };

  return (client) => {
    const known = made.get(client) ?? make(client);
    made.set(client, known);
    return known;
  };
}

function readable(uri: string, template: ResourceTemplate, variables: Variables, context: ResourceContext): Readable {
  const kind = template.uriTemplate;
  return { kind, read: () => template.read(uri, variables, context), topic: template.topicOf?.(variables) };
}

function requireArguments(prompt: Prompt, args: Arguments): void {
  const missing = prompt.arguments.filter(({ name, required }) => required && args[name] === undefined);
  if (missing.length === 0) return;
  const problems = missing.map(({ name }) => `arguments.${name}: it is required`).join("; ");
  throw new ServerError("INVALID_PARAMS", { problems });
}

function completePrompt(prompt: Prompt | undefined, name: string, argument: string, typed: string): readonly string[] {
  if (prompt === undefined) throw new ServerError("UNKNOWN_PROMPT", { prompt: name.slice(0, 128) });
  const { values = [] } = prompt.arguments.find((candidate) => candidate.name === argument) ?? {};
  return byRelevance(values, typed);
}
