import * as z from "zod";
import { backupSpec, backupStatus } from "./backup.ts";
import { group, openAPISchema, version } from "./custom-resource-definition.ts";
import { rules } from "./schema.ts";

const resource = z
  .strictObject({ spec: backupSpec, status: backupStatus.optional() })
  .describe("CCTelegramBackup is one archive of what the bridge of a CCTelegramDeployment holds.")
  .meta(
    rules(
      {
        rule: "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",
        message: "metadata.name must be at most 63 letters, digits and '-': it is a label of its Job and its pods",
      },
      {
        rule: "!self.metadata.name.matches('-connection(-|$)')",
        message: "metadata.name must not hold '-connection': its Secret could have the name of a client's",
      },
    ),
  );

const ofSucceeded = (field: string) => `.status.conditions[?(@.type=="Succeeded")].${field}`;

const columns = [
  { name: "Deployment", type: "string", jsonPath: ".spec.deploymentName" },
  { name: "Succeeded", type: "string", jsonPath: ofSucceeded("status") },
  { name: "Reason", type: "string", jsonPath: ofSucceeded("reason") },
  { name: "Bytes", type: "integer", jsonPath: ".status.sizeBytes" },
  { name: "Verified", type: "string", jsonPath: ".status.verified" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  { name: "Completed", type: "date", jsonPath: ".status.completionTime", priority: 1 },
  { name: "Location", type: "string", jsonPath: ".status.location", priority: 1 },
  { name: "Message", type: "string", jsonPath: ofSucceeded("message"), priority: 1 },
];

/** The CustomResourceDefinition of CCTelegramBackup, derived from the zod schemas. */
export function backupDefinition() {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `cctelegrambackups.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: {
        kind: "CCTelegramBackup",
        listKind: "CCTelegramBackupList",
        plural: "cctelegrambackups",
        singular: "cctelegrambackup",
        shortNames: ["cctb"],
        categories: ["cctelegram"],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: openAPISchema(resource, "CCTelegramBackup") },
          subresources: { status: {} },
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
}
