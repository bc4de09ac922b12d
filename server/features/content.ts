/** A picture of something that is listed (MCP schema, Icon). */
export type Icon = {
  /** An https URL, or a data URL. */
  readonly src: string;
  readonly mimeType?: string;
  /** `48x48`, or `any` for pictures that scale. */
  readonly sizes?: readonly string[];
  readonly theme?: "light" | "dark";
};

/** For whom a piece is, and how much it matters (MCP schema, Annotations). */
type Annotations = {
  readonly audience?: readonly ("user" | "assistant")[];
  /** From 0 to 1. */
  readonly priority?: number;
  /** ISO 8601. */
  readonly lastModified?: string;
};

/** A piece of what a tool or prompt says (MCP schema, ContentBlock). */
export type Content = { readonly annotations?: Annotations } & (
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image" | "audio"; readonly data: string; readonly mimeType: string }
  | { readonly type: "resource"; readonly resource: ResourceContents }
  | {
      readonly type: "resource_link";
      readonly uri: string;
      readonly name: string;
      readonly title?: string;
      readonly description?: string;
      readonly mimeType?: string;
      readonly icons?: readonly Icon[];
    }
);

/** What a resource holds: text, or bytes in base64 (MCP schema, TextResourceContents and BlobResourceContents). */
export type ResourceContents = { readonly uri: string; readonly mimeType: string } & (
  | { readonly text: string }
  | { readonly blob: string }
);

export function text(value: string): Content {
  return { type: "text", text: value };
}
