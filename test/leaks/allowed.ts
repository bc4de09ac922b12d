import type { Said } from "./record.ts";

/** A place where a secret belongs, and why. */
export type Allowed = {
  readonly reason: string;
  readonly kind: Said["kind"];
  /** In the name of the test or file. */
  readonly by?: RegExp;
  /** In the text around it. */
  readonly near?: RegExp;
};

export const allowed: readonly Allowed[] = [
  {
    reason: "a file of API keys, which is where the server reads them",
    kind: "file",
    by: / (api-)?keys(\.json|\.yaml)?$/,
  },
  { reason: "a file of the bot's token, which is where the bridge reads it", kind: "file", by: / (telegram-)?token$/ },
  {
    reason: "files of the dashboard's password and of a backup's identity, which is where server and restore read them",
    kind: "file",
    by: /^test\/server\/(monitoring|backup)\/.* (password|identity)$/,
  },
  {
    reason: "files of the secret between server and bridge, which is where both read it",
    kind: "file",
    by: /^test\/server\/(hmac-rotation\.process|process\/followed-secrets)\.test\.ts .* (secret|next|previous)$/,
  },
  {
    reason: "npm start hands the key and the password that it has made to whoever has started it",
    kind: "output",
    by: /^test\/e2e\/start\//,
    near: /API key: |"?X-API-Key"?: "?\(the secret\)|user admin, password \(the secret\)/,
  },
  {
    reason: "a client's configuration with its key, which the process of stdio is asked to send and refuses",
    kind: "file",
    by: /^test\/server\/mcp\/stdio\/channel\.process\.test\.ts .* \.mcp\.json$/,
  },
  {
    reason: "sources and examples of the documentation, which tests of imports and of docstrings compile",
    kind: "file",
    by: /^test\/(imports\/imports|docstrings\/docstrings)\.test\.ts /,
  },
  {
    reason: "an error that says what is missing shows the documentation's example",
    kind: "output",
    near: /example: {2}[A-Z_]+=\(the secret\)/,
  },
  {
    reason: "an authorization server hands out the token that a client has signed in for",
    kind: "answer",
    by: /^test\/server\/oauth\//,
    near: /"access_token":"\(the secret\)"/,
  },
  {
    reason: "the file by which a store that speaks S3 knows who may ask it",
    kind: "file",
    by: /^test\/clients\/backup-store\.client\.test\.ts .* identities\.json$/,
  },
  {
    reason: "a browser tells its debugger which headers it sends",
    kind: "output",
    by: /^test\/clients\//,
    near: /\\?"X-API-Key\\?":\\?"\(the secret\)/,
  },
  { reason: "a snapshot of the heap, of which the log says that it holds keys", kind: "file", by: /\.heapsnapshot$/ },
  {
    reason: "the bundle has the examples of the documentation, which tests use as well",
    kind: "file",
    by: /^test\/bundle\.process\.test\.ts /,
    near: /example:"\(the secret\)"|proofOf\(/,
  },
];
