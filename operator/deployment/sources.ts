import { isDeepStrictEqual } from "node:util";
import type { ObjectKey } from "../runtime/controller.ts";
import { changesOf, presenceOf, type Source } from "../runtime/sources.ts";
import type { Stored } from "../runtime/store.ts";
import type { CachedChild } from "./cache/cached-objects.ts";
import type { Cluster } from "./cache/cluster.ts";
import { samePod } from "./pods/pods.ts";
import * as types from "./resource-types.ts";

/** Children change in bursts; a short delay turns a burst into one reconcile. */
const settleMs = 50;

/** What brings about a reconcile of a CCTelegramDeployment. */
export function sourcesOf(cluster: Cluster): readonly Source[] {
  const { resources, foreignSecrets, configMaps, pods, failures, gateways, foreignAutoscalers, backups, children } =
    cluster.informers;
  const secrets = children.get(types.secrets);
  const optional = [gateways, backups, ...types.optionalChildTypes.flatMap((type) => children.get(type) ?? [])];
  const referring = ({ namespace, name }: Stored) => cluster.resources.byIndex("secret", `${namespace}/${name}`);
  return [
    changesOf(resources, { keys: itself, ignoresDeletion: true, initialIsLow: true }),
    changesOf(foreignSecrets, { keys: referring, settleMs }),
    changesOf(configMaps, {
      keys: ({ namespace, name }) => cluster.resources.byIndex("configMap", `${namespace}/${name}`),
      settleMs,
    }),
    changesOf(pods, { keys: ({ namespace, instance: name }) => [{ namespace, name }], same: samePod, settleMs }),
    changesOf(failures, {
      keys: ({ namespace, statefulSet }) => {
        const name = cluster.child(types.statefulSets, namespace, statefulSet)?.owner;
        return name === undefined ? [] : [{ namespace, name }];
      },
      same: (before, after) => before.message === after.message,
      ignoresDeletion: true,
      settleMs,
    }),
    changesOf(gateways, {
      keys: ({ namespace, name }) => cluster.resources.byIndex("gateway", `${namespace}/${name}`),
      same: (before, after) => isDeepStrictEqual(before.addresses, after.addresses),
      settleMs,
    }),
    changesOf(foreignAutoscalers, {
      keys: ({ namespace, resource: name }) => (name === "" ? [] : [{ namespace, name }]),
      same: (before, after) =>
        before.resource === after.resource &&
        before.isDirect === after.isDirect &&
        before.scaledObject === after.scaledObject,
    }),
    changesOf(backups, {
      keys: ({ namespace, name, spec }) => [
        { namespace, name: spec.deploymentName },
        ...cluster.resources.byIndex("restore", `${namespace}/${name}`),
      ],
      settleMs,
    }),
    ...[...children.values()].map((child) => changesOf(child, { keys: ownerOf, same: sameChild, settleMs })),
    // A person may label a bot token's Secret like ours.
    ...(secrets === undefined ? [] : [changesOf(secrets, { keys: referring, settleMs })]),
    presenceOf(optional, () => cluster.resources.items()),
  ];
}

const itself = ({ namespace, name }: Stored): readonly ObjectKey[] => [{ namespace, name }];

function ownerOf({ namespace, owner, heir }: CachedChild): readonly ObjectKey[] {
  const name = owner ?? heir;
  return name === undefined ? [] : [{ namespace, name }];
}

const sameChild = (before: CachedChild, after: CachedChild) =>
  before.fingerprint === after.fingerprint && JSON.stringify(before.state) === JSON.stringify(after.state);
