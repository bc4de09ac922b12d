import { Applier } from "../../../operator/runtime/applier.ts";
import { storedOf } from "../../../operator/runtime/informer.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import type { Manager, ManagerParts } from "../../../operator/runtime/manager.ts";
import { owned } from "../../../operator/runtime/owned-fields.ts";
import { changesOf } from "../../../operator/runtime/sources.ts";
import { types } from "./samples.ts";

const fieldManager = "copies";
const managedLabel = { "example.io/managed-by": fieldManager };
const api = { apiVersion: "v1", kind: "ConfigMap" };

type Source = ReturnType<typeof reduceSource>;
const reduceSource = (object: KubernetesObject) => ({ ...storedOf(object), data: object.data });

/** ConfigMaps that are to be copied; other controllers may use them, too. */
export const sourceDefinition = { type: types.configMap, reduce: reduceSource, labelSelector: "example.io/copy=true" };

const copyDefinition = {
  type: types.configMap,
  reduce: (object: KubernetesObject) => ({
    ...storedOf(object),
    controllerUid: object.metadata.ownerReferences?.find(({ controller }) => controller)?.uid ?? "",
    fingerprint: owned(object, fieldManager).fingerprint,
  }),
  labelSelector: "example.io/managed-by=copies",
};

/** A small controller, whole: each source has a copy of its content, which it owns. */
export function addCopies(manager: Manager, { client, logger, metrics, events }: ManagerParts): void {
  const sources = manager.informer<Source>(sourceDefinition);
  const copies = manager.informer(copyDefinition);
  const applier = new Applier({
    ...{ client, fieldManager, managedLabel, logger, metrics },
    adoptionAnnotation: "example.io/adopt",
    onWritten: (_type, object) => copies.observe(object),
  });
  const original = (name: string) => name.replace(/-copy$/, "");
  manager.add({
    name: "copies",
    sources: [
      changesOf(sources, { keys: (source) => [source], ignoresDeletion: true, initialIsLow: true }),
      changesOf(copies, { keys: ({ namespace, name }) => [{ namespace, name: original(name) }] }),
    ],
    reconcile: async ({ namespace, name }) => {
      const source = sources.store.get(namespace, name);
      if (source === undefined) return {};
      const owner = { ...api, name, uid: source.uid, controller: true };
      const metadata = { namespace, name: `${name}-copy`, labels: managedLabel, ownerReferences: [owner] };
      const live = copies.store.get(namespace, metadata.name);
      const { written } = await applier.apply(types.configMap, { ...api, metadata, data: source.data }, live);
      if (!written) return {};
      logger.info({ copy: metadata.name }, "copied");
      events.record(
        { ...api, namespace, name, uid: source.uid },
        { type: "Normal", reason: "Copied", message: metadata.name },
      );
      return {};
    },
  });
}
