/** How scopes of tokens and permissions stand for each other. */
export type ScopeRule = {
  /** What stands in front of a permission to make a scope of it; "" for nothing. */
  readonly prefix: string;
  /** Whether a scope may stand for every permission. */
  readonly allowsAll: boolean;
};

const mostScopes = 200;

/** A permission for one thing, or one that is called so; and one for everything, or for all of a kind. */
const one = /^[\w:.-]{1,128}$/;
const many = /^([\w.-]{1,100}:)?\*$/;

/** The scope of a permission. */
export function scopeOf(permission: string, { prefix }: Pick<ScopeRule, "prefix">): string {
  return `${prefix}${permission}`;
}

/** What the claims `scope` (RFC 9068, 2.2.3) and `scp`, as some servers call it, permit. */
export function permissionsIn(
  claims: Readonly<Record<string, unknown>>,
  { prefix, allowsAll }: ScopeRule,
): ReadonlySet<string> {
  const permissions = [...scopesIn(claims.scope), ...scopesIn(claims.scp)]
    .slice(0, mostScopes)
    .filter((scope) => scope.startsWith(prefix))
    .map((scope) => scope.slice(prefix.length))
    .filter((permission) => one.test(permission) || (allowsAll && many.test(permission)));
  return new Set(permissions);
}

function scopesIn(claim: unknown): readonly string[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((scope) => typeof scope === "string") : [];
}
