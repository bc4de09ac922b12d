/** How a part is: `degraded` still takes work, `unhealthy` refuses it. */
export const healthWords = ["healthy", "degraded", "unhealthy"] as const;

export type Health = (typeof healthWords)[number];
