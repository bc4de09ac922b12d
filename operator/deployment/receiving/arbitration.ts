import type { ObjectKey } from "../../runtime/controller.ts";

/** A resource that asks to receive what people say to a bot. */
export type Claim = ObjectKey & {
  readonly uid: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  /** Fingerprint of the bot token. */
  readonly token: string;
};

/** A resource whose bridge reads, or may read, the updates of the bot with this token. */
export type Poller = ObjectKey & { readonly token: string };

/** Whether a resource receives what people say to its bot. Telegram lets only one program read a bot's updates. */
export type Verdict =
  | { readonly state: "Receives" }
  /** It is its turn, but the bridge of another resource has not ended yet. */
  | { readonly state: "Waits"; readonly other: ObjectKey }
  /** An older resource with the same token receives. */
  | { readonly state: "SendsOnly"; readonly other: ObjectKey }
  /** It is paused, not allowed, or has no token: what runs is kept. */
  | { readonly state: "StandsAside" }
  /** Not all tokens could be read: what runs is kept. */
  | { readonly state: "Unknown" };

/** The oldest claim of a token receives, once no other resource's bridge may still read the bot's updates. */
export function arbitrate(claim: Claim, claims: readonly Claim[], pollers: readonly Poller[]): Verdict {
  const oldest = claims.filter(({ token }) => token === claim.token).reduce(older, claim);
  if (oldest.uid !== claim.uid) return { state: "SendsOnly", other: keyOf(oldest) };
  const other = pollers.filter(({ token }) => token === claim.token).find((poller) => !isSame(poller, claim));
  return other ? { state: "Waits", other: keyOf(other) } : { state: "Receives" };
}

/** Creation times have whole seconds; of two equal ones the uid decides. */
const older = (a: Claim, b: Claim) =>
  a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.uid <= b.uid) ? a : b;

const isSame = (a: ObjectKey, b: ObjectKey) => a.namespace === b.namespace && a.name === b.name;

const keyOf = ({ namespace, name }: ObjectKey): ObjectKey => ({ namespace, name });
