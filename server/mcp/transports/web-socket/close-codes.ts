/** Why the server closes a WebSocket: the code, the reason that is sent with it, and what it is for the client. */
type CloseCode = { readonly code: number; readonly reason: string; readonly meaning: string };

const define = <const Codes extends Readonly<Record<string, CloseCode>>>(codes: Codes): Codes => Object.freeze(codes);

/**
 * The codes of RFC 6455 and the registry of IANA where one of them fits, else one of our own: 4000 and the HTTP status
 * that would say the same. docs/websocket.md holds this table.
 */
export const closeCodes = define({
  binaryFrame: {
    code: 1003,
    reason: "messages are text frames",
    meaning: "A binary frame came. Send each message as one text message.",
  },
  floodOfControlFrames: {
    code: 1008,
    reason: "too many control frames",
    meaning: "More than 300 pings and pongs came in 30 s.",
  },
  tooLarge: {
    code: 1009,
    reason: "the message is too large",
    meaning: "A message is larger than 256 KiB, or one before authentication than 8 KiB.",
  },
  restart: {
    code: 1012,
    reason: "service restart: connect again",
    meaning:
      "The server stops. Connect again at once: another replica answers. What has no answer was not begun and can be sent again.",
  },
  overload: {
    code: 1013,
    reason: "too many connections, or too much at once: try again later",
    meaning:
      "The client, or all together, hold too many connections or too many unfinished messages, or nobody can check an access token now. Wait, then connect again.",
  },
  unauthenticated: {
    code: 4401,
    reason: "a valid API key is required",
    meaning:
      "No key came in the first message, or a wrong one, or the key has ended or was taken back. Connecting again does not help, unless it is with a newer access token.",
  },
  authenticationTimeout: {
    code: 4408,
    reason: "no authenticate message came in time",
    meaning: "Without a key in the header the first message has to be `authenticate`, within 10 s.",
  },
  rateLimited: {
    code: 4429,
    reason: "rate limit exceeded",
    meaning: "Too many wrong keys came from this network. Wait as long as the answer says.",
  },
});

export type CloseReason = keyof typeof closeCodes;
