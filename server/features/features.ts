import type { Prompt } from "../prompts/prompt.ts";
import { prompts } from "../prompts/registry.ts";
import { resources, resourceTemplates } from "../resources/registry.ts";
import type { Resource, ResourceTemplate } from "../resources/resource.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import { tools } from "../tools/registry.ts";
import { strictTools } from "../tools/strict-tools.ts";

/** What a server offers to clients. */
export type Features = {
  readonly tools: ToolRegistry;
  readonly resources: readonly Resource[];
  readonly resourceTemplates: readonly ResourceTemplate[];
  readonly prompts: readonly Prompt[];
};

/** Everything that the product offers: MCP, REST, permissions, metrics and documents derive from it. */
export const features: Features = Object.freeze({ tools, resources, resourceTemplates, prompts });

/** The features as every transport of a process offers them; strict: arguments may have no fields that a tool does not know. */
export const withInput = (features: Features, { strict }: { readonly strict: boolean }): Features =>
  strict ? Object.freeze({ ...features, tools: strictTools(features.tools) }) : features;
