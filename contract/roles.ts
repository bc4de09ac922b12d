/** Roles of the server image that run until somebody ends them. */
export const services = ["serve", "bridge", "standalone", "stdio"] as const;

/** Roles that do one thing and end. */
export const jobs = ["backup", "restore"] as const;

/** What the server image can run as: its first argument. */
export const roles = [...services, ...jobs] as const;

export type Service = (typeof services)[number];
export type Job = (typeof jobs)[number];
export type Role = Service | Job;
