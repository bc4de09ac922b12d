import type { actionPermissions } from "../../../../contract/monitoring.ts";

declare global {
  /** Put in by the generator of the page: the contract itself would bring its schemas along. */
  const ACTION_PERMISSIONS: typeof actionPermissions;
}

/** What a key needs for each action. */
export const permissionOf = (action: keyof typeof actionPermissions): string => ACTION_PERMISSIONS[action];
