/** What the server image can run as: its first argument. */
export const roles = ["serve", "bridge", "standalone"] as const;

export type Role = (typeof roles)[number];
