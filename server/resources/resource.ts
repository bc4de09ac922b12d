import type { Client } from "../access/client.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import type { Icon, ResourceContents } from "../features/content.ts";

/** What a reader may use. */
export type ResourceContext = {
  readonly bridge: BridgeClient;
  readonly client: Pick<Client, "name" | "permissions">;
};

type Listed = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  readonly icons?: readonly Icon[];
  /** The tool that tells the same, and whose permission is enough to read it; undefined: every key may. */
  readonly permission?: string;
};

/** Something that clients can read under a fixed URI. */
export type Resource = Listed & {
  readonly uri: string;
  /** The topic of the bridge's relay that tells of changes; undefined: it never changes. */
  readonly topic?: string;
  /** The same, where each client has its own. */
  topicOf?(client: Client): string;
  read(context: ResourceContext): Promise<readonly ResourceContents[]>;
};

export type Variables = Readonly<Record<string, string>>;

/** Things that clients can read under URIs of one form (RFC 6570, level 1: `{name}` stands for one or more characters other than `/`). */
export type ResourceTemplate = Listed & {
  readonly uriTemplate: string;
  topicOf?(variables: Variables): string;
  /** Throws RESOURCE_NOT_FOUND. */
  read(uri: string, variables: Variables, context: ResourceContext): Promise<readonly ResourceContents[]>;
  /** Values that a variable may have, beginning with what was typed. */
  complete?(variable: string, typed: string, context: ResourceContext): Promise<readonly string[]>;
};

/** A resource whose text is JSON. */
export function json(uri: string, value: unknown): readonly ResourceContents[] {
  return [{ uri, mimeType: "application/json", text: JSON.stringify(value, null, 2) }];
}
