/** What the server image can run as: its first argument. */
export const roles = ["serve", "bridge", "standalone", "stdio"] as const;

export type Role = (typeof roles)[number];
