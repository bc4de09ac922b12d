import { ServerError } from "../../contract/errors.ts";
import { approvalTopic } from "../../contract/relay.ts";
import { readableBy } from "../access/approvals.ts";
import { json, type ResourceTemplate } from "./resource.ts";

/** What became of an approval; a client sees its own alone, or with the permission everybody's. */
export const approvalTemplate: ResourceTemplate = {
  uriTemplate: "cctelegram://approvals/{approval_id}",
  name: "approval",
  title: "State of an approval",
  description:
    "What people decided about a request of send_approval_request, or that they have not yet. A subscriber is notified of every vote and of the decision.",
  mimeType: "application/json",
  permission: "send_approval_request",
  topicOf: ({ approval_id = "" }) => approvalTopic(approval_id),
  async read(uri, { approval_id = "" }, { bridge, client }) {
    try {
      return json(uri, await readableBy(client, (owner) => bridge.approvals.approval(approval_id, owner)));
    } catch (error) {
      const isUnknown = error instanceof ServerError && error.code === "APPROVAL_NOT_FOUND";
      throw isUnknown ? new ServerError("RESOURCE_NOT_FOUND", { uri: uri.slice(0, 200) }, error) : error;
    }
  },
};
