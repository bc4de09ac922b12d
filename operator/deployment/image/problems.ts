import type { Check } from "../status/check.ts";
import { unsupported } from "./supported-version.ts";

const reasons = {
  Refused: "ImageRefused",
  Unverifiable: "ImageUnverifiable",
  Unsupported: "UnsupportedVersion",
} as const;

/** The image is not rolled out. */
export const imageIsNotAccepted: Check = ({ image }) =>
  image && "message" in image ? { reason: reasons[image.state], message: image.message } : undefined;

/** Its tag says no version, but the server that runs does. */
export const versionIsNotSupported: Check = ({ operatorVersion, probe }) => {
  if (operatorVersion === undefined || !probe?.server?.verified) return undefined;
  const message = unsupported(probe.server.serverVersion, operatorVersion);
  return message === undefined
    ? undefined
    : { reason: "UnsupportedVersion", message: `the MCP server that runs: ${message}` };
};
