/**
 * Takes the base path off the beginning of a URL, so that every route is there below it, too. Only whole segments count, exactly as they
 * are written: `/teammate` and `/%74eam` are not below `/team`.
 */
export function withoutBasePath(url: string, basePath: string): string {
  if (basePath === "" || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest.startsWith("/")) return rest;
  return rest === "" || rest.startsWith("?") ? `/${rest}` : url;
}
