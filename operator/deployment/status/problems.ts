import { keysAreNotImported } from "../adoption/problems.ts";
import { restoreHasNoArchive, restoreIsRefused, restoreNeedsArchive } from "../backup/problems.ts";
import { certificateEndsSoon, isNotExposed } from "../exposure/problems.ts";
import { imageIsNotAccepted, versionIsNotSupported } from "../image/problems.ts";
import { fenceIsIgnored } from "../pausing/fencing.ts";
import { isHibernated } from "../pausing/hibernation.ts";
import { isLasting } from "../probing/probe-doubt.ts";
import { receivesElsewhere, webhookIsUnreachable } from "../receiving/problems.ts";
import { backupFailed, moveIsOverdue, revisionIsLost, wasRolledBack } from "../rollout/problems.ts";
import { keyEnds, ownKeyIsUnusable, rotationIsOverdue } from "../secrets/problems.ts";
import type { Snapshot } from "../snapshot.ts";
import { volumeIsNearlyFull } from "../volume/problems.ts";
import type { Check, Problem } from "./check.ts";
import {
  botTokenIsRefused,
  botTokenKeyIsMissing,
  botTokenSecretIsMissing,
  bridgeDoesNotAnswer,
  bridgePodCannotBeCreated,
  bridgePodIsInTrouble,
  childFailed,
  childWasRefused,
  handshakeFails,
  isForbidden,
  maintenanceNeverComes,
  queueIsFull,
  queueIsUnusable,
  replacementsAreUsedUp,
  rolloutTakesTooLong,
  secretIsMissing,
  serverPodIsInTrouble,
  serverPodsCannotBeCreated,
  telegramIsUnreachable,
} from "./checks.ts";

/** At a start a part may not answer for some seconds: a failure is a problem only when it lasts. */
const lasting =
  (check: Check): Check =>
  (snapshot) =>
    isLasting(snapshot) ? check(snapshot) : undefined;

/** All checks, causes before their consequences. */
const checks: readonly Check[] = [
  isForbidden,
  imageIsNotAccepted,
  botTokenSecretIsMissing,
  botTokenKeyIsMissing,
  secretIsMissing,
  restoreHasNoArchive,
  childWasRefused,
  childFailed,
  revisionIsLost, // says more than that it should run
  wasRolledBack,
  backupFailed,
  serverPodsCannotBeCreated,
  bridgePodCannotBeCreated,
  serverPodIsInTrouble,
  restoreIsRefused, // says more than the exit of its container
  bridgePodIsInTrouble,
  rolloutTakesTooLong, // known problems of the pods say more
  versionIsNotSupported,
  lasting(bridgeDoesNotAnswer),
  lasting(botTokenIsRefused),
  lasting(telegramIsUnreachable), // before the bridge's own readiness, which follows from it
  lasting(queueIsUnusable),
  queueIsFull,
  lasting(replacementsAreUsedUp),
  lasting(handshakeFails),
];

/** While nothing shall run, a problem is only what keeps the operator from writing that. */
const ofWriting: readonly Check[] = [isForbidden, childWasRefused, childFailed];

const applicable = (all: readonly Check[], { resource }: Snapshot) =>
  isHibernated(resource.spec) ? all.filter((check) => ofWriting.includes(check)) : all;

/** The checks whose problems stop the operator until a person acts. */
const obstacles: readonly Check[] = [
  isForbidden,
  imageIsNotAccepted,
  botTokenSecretIsMissing,
  botTokenKeyIsMissing,
  secretIsMissing,
  restoreNeedsArchive,
  childWasRefused,
  revisionIsLost,
  wasRolledBack,
  backupFailed,
  serverPodsCannotBeCreated,
  bridgePodCannotBeCreated,
  serverPodIsInTrouble,
  restoreIsRefused,
  bridgePodIsInTrouble,
  rolloutTakesTooLong,
  versionIsNotSupported,
];

/** Problems that keep clients inside the cluster from sending messages. */
export const problemsOf = (snapshot: Snapshot): Problem[] =>
  applicable(checks, snapshot).flatMap((check) => check(snapshot) ?? []);

/** All problems, also those that only affect clients outside the cluster, or what people answer. */
export const allProblemsOf = (snapshot: Snapshot): Problem[] => [
  ...problemsOf(snapshot),
  ...applicable(
    [
      keysAreNotImported,
      moveIsOverdue,
      volumeIsNearlyFull,
      isNotExposed,
      certificateEndsSoon,
      receivesElsewhere,
      webhookIsUnreachable,
      maintenanceNeverComes,
      fenceIsIgnored,
      ownKeyIsUnusable,
      keyEnds,
      rotationIsOverdue,
    ],
    snapshot,
  ).flatMap((check) => check(snapshot) ?? []),
];

/** The first problem that stops the operator. */
export const obstacleOf = (snapshot: Snapshot): Problem | undefined =>
  applicable(obstacles, snapshot)
    .map((check) => check(snapshot))
    .find((found) => found !== undefined);
