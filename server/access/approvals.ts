import { ServerError } from "../../contract/errors.ts";
import { type Client, permits } from "./client.ts";

/** What a key needs to see the approvals that others asked for. */
export const readAllApprovals = "read_all_approvals";

type Reader = Pick<Client, "name" | "permissions">;

/**
 * Looks for an approval of this client, and, when the client may, for anybody's. `find` takes whose it is to be; undefined:
 * anybody's. Throws APPROVAL_NOT_FOUND, also for one that is somebody else's.
 */
export async function readableBy<T>(reader: Reader, find: (owner: string | undefined) => Promise<T>): Promise<T> {
  try {
    return await find(reader.name);
  } catch (error) {
    const isUnknown = error instanceof ServerError && error.code === "APPROVAL_NOT_FOUND";
    if (!isUnknown || !permits(reader, readAllApprovals)) throw error;
    return find(undefined);
  }
}
