/** Which of two messages for one chat goes first. */
export const priorities = ["urgent", "normal", "bulk"] as const;

export type Priority = (typeof priorities)[number];
