/** Versions of which a release is one: "1.2.3", "v1.2.3", "1.2.3-rc.1". */
const semantic = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+][0-9A-Za-z.+-]*)?$/;

/**
 * Why this operator does not run a version of the server image; undefined when it does, or when the version says nothing because it is
 * no semantic one. Supported are the operator's own minor version and the one before: through an upgrade, one always runs with the other.
 *
 * @example
 * ```ts
 * unsupported("0.3.1", "0.5.0"); // "version 0.3.1 is older than 0.4, the oldest that this operator (0.5.0) runs: …"
 * ```
 */
export function unsupported(version: string, operator: string): string | undefined {
  const [image, own] = [minorOf(version), minorOf(operator)];
  if (image === undefined || own === undefined) return undefined;
  if (isNewer(image, own)) {
    return `version ${version} is newer than this operator (${operator}): upgrade the operator first, or set version to a release of ${textOf(own)}`;
  }
  const oldest = before(own);
  if (!isNewer(oldest, image)) return undefined;
  return `version ${version} is older than ${textOf(oldest)}, the oldest that this operator (${operator}) runs: set version to a release of ${textOf(oldest)} or ${textOf(own)}, or leave it out`;
}

const textOf = ({ major, minor }: Minor) => `${major}.${minor}`;

/** Before a new major version is any minor one of the last. */
function before({ major, minor }: Minor): Minor {
  if (minor > 0) return { major, minor: minor - 1 };
  return { major: Math.max(0, major - 1), minor: 0 };
}

type Minor = { readonly major: number; readonly minor: number };

function minorOf(version: string): Minor | undefined {
  const [, major, minor] = semantic.exec(version) ?? [];
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

const isNewer = (a: Minor, b: Minor) => a.major > b.major || (a.major === b.major && a.minor > b.minor);
