/** The dashboard: one file and what its browser may do. */
export function dashboardPage(): { html: string; contentSecurityPolicy: string } {
  return { html: "<!doctype html><title>CCTelegram</title>", contentSecurityPolicy: "default-src 'none'" };
}
