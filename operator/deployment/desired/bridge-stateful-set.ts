import { bridgeResources } from "../../api/sizing.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { namesOf, selectorLabels } from "../names.ts";
import { isHibernated } from "../pausing/hibernation.ts";
import { statefulSets } from "../resource-types.ts";
import { bridgeEnvironment } from "./configuration.ts";
import { container, paths, podTemplate, secretVolume } from "./pod.ts";
import { restoreVolumes, restoring } from "./restore.ts";

/**
 * The bridge: one pod, because its embedded queue allows one writer. As a StatefulSet never
 * has two pods of one name, the queue's file is never opened twice.
 */
export function bridgeStatefulSet(blueprint: Blueprint): Child {
  const names = namesOf(blueprint.name);
  return child(statefulSets, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadataOf(blueprint, names.bridge, "bridge"),
    spec: {
      replicas: isHibernated(blueprint.spec) ? 0 : 1,
      // With OrderedReady the controller waits for a broken pod to become ready before it replaces it, possibly forever
      // (https://github.com/kubernetes/kubernetes/issues/67250).
      podManagementPolicy: "Parallel",
      serviceName: names.bridge,
      selector: { matchLabels: selectorLabels(blueprint.name, "bridge") },
      persistentVolumeClaimRetentionPolicy: {
        whenDeleted: blueprint.spec.bridge.storage.retention,
        whenScaled: "Retain",
      },
      template: podTemplate(blueprint, {
        component: "bridge",
        serviceAccountName: names.bridge,
        additions: blueprint.spec.bridge.podTemplate,
        spec: {
          terminationGracePeriodSeconds: 45,
          ...restoring(blueprint),
          containers: [bridgeContainer(blueprint)],
          volumes: [secretVolume("hmac", names.hmac), tokenVolume(blueprint), ...restoreVolumes(blueprint)],
        },
      }),
      volumeClaimTemplates: [queueVolume(blueprint)],
    },
  });
}

const bridgeContainer = (blueprint: Blueprint) => ({
  ...container(blueprint, "bridge", bridgeEnvironment(blueprint)),
  resources: bridgeResources(blueprint.spec),
  volumeMounts: [
    { name: "queue", mountPath: paths.data },
    { name: "hmac", mountPath: paths.hmac, readOnly: true },
    { name: "telegram", mountPath: paths.telegram, readOnly: true },
  ],
});

function tokenVolume({ spec }: Blueprint) {
  const { name, key } = spec.telegram.botTokenSecretRef;
  return secretVolume("telegram", name, [{ key, path: "token" }]);
}

/** With the server's defaults: the list is atomic, so it is compared as a whole. */
function queueVolume({ spec, claimSize }: Blueprint) {
  const { storageClassName } = spec.bridge.storage;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "queue" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: claimSize } },
      ...(storageClassName ? { storageClassName } : {}),
      volumeMode: "Filesystem",
    },
    status: { phase: "Pending" },
  };
}
