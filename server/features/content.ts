/** A piece of what a tool or prompt says (MCP schema, ContentBlock). */
export type Content =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image" | "audio"; readonly data: string; readonly mimeType: string }
  | { readonly type: "resource"; readonly resource: ResourceContents }
  | { readonly type: "resource_link"; readonly uri: string; readonly name: string; readonly mimeType?: string };

/** What a resource holds: text, or bytes in base64 (MCP schema, TextResourceContents and BlobResourceContents). */
export type ResourceContents = { readonly uri: string; readonly mimeType: string } & (
  | { readonly text: string }
  | { readonly blob: string }
);

export function text(value: string): Content {
  return { type: "text", text: value };
}
