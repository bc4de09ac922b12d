import { type ExitCode, exitCodes } from "./exit-codes.ts";

/** What goes wrong, in words for whoever typed the command. `hint` says what to do. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(message: string, { exitCode = exitCodes.failed, hint, cause }: Rest = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

type Rest = { readonly exitCode?: ExitCode; readonly hint?: string | undefined; readonly cause?: unknown };

const notFound = exitCodes.notFound;
const unreachable = exitCodes.unreachable;

export type MissingRight = {
  readonly user: string;
  readonly verb: string;
  /** With its group, such as secrets or deployments.apps, and a subresource as pods/log. */
  readonly resource: string;
  readonly namespace: string | undefined;
};

const inNamespace = (namespace: string | undefined) =>
  namespace === undefined ? "in the whole cluster" : `in namespace ${namespace}`;

const grant = ({ verb, resource, namespace, user }: MissingRight) => {
  const kind = namespace === undefined ? "clusterrole" : "role";
  const at = namespace === undefined ? "" : ` -n ${namespace}`;
  return `Ask an administrator for it: kubectl${at} create ${kind} cctelegram-${verb} --verb=${verb} --resource=${resource}, and a ${kind}binding of it for ${user}.`;
};

const near = (name: string | undefined) => (name === undefined ? "" : ` Did you mean "${name}"?`);
const known = (names: readonly string[]) => (names.length === 0 ? "there is none" : `there are ${names.join(", ")}`);

/** Every text with which a command fails, in one place. */
export const problems = {
  noCluster: (cause: unknown) =>
    new PluginError("No cluster is configured: there is no kubeconfig with a current context.", {
      exitCode: unreachable,
      hint: "Set KUBECONFIG, or give --kubeconfig and --context; kubectl config get-contexts lists what is there.",
      cause,
    }),
  kubeconfigUnreadable: (path: string, reason: string) =>
    new PluginError(`The kubeconfig ${path} cannot be read: ${reason}.`, { exitCode: unreachable }),
  unknownContext: (name: string, similar: string | undefined, names: readonly string[]) =>
    new PluginError(`The kubeconfig has no context "${name}".${near(similar)}`, {
      exitCode: unreachable,
      hint: `Of contexts ${known(names)}.`,
    }),
  clusterSilent: (server: string, reason: string) =>
    new PluginError(`The cluster at ${server} does not answer: ${reason}.`, {
      exitCode: unreachable,
      hint: "Check the network, a VPN, and whether kubectl version gets an answer.",
    }),
  notLoggedIn: (user: string) =>
    new PluginError(`The cluster does not accept the credentials of the user "${user}" of the kubeconfig.`, {
      exitCode: exitCodes.forbidden,
      hint: "Log in again, or choose another context with --context.",
    }),
  credentialsFailed: (reason: string) =>
    new PluginError(`The kubeconfig's credentials could not be obtained: ${reason}.`, {
      exitCode: exitCodes.forbidden,
      hint: "Run the command that the kubeconfig names under users[].user.exec by itself to see why.",
    }),
  rightMissing: (right: MissingRight) =>
    new PluginError(`User "${right.user}" may not ${right.verb} ${right.resource} ${inNamespace(right.namespace)}.`, {
      exitCode: exitCodes.forbidden,
      hint: grant(right),
    }),
  refusedByCluster: (message: string) => new PluginError(`The cluster refuses it: ${message}`),
  noDefinition: (kind: string) =>
    new PluginError(`This cluster has no ${kind}: its CustomResourceDefinition is not installed.`, {
      exitCode: notFound,
      hint: "Install or upgrade the operator: helm upgrade --install cctelegram-operator charts/cctelegram-operator.",
    }),
  noField: (field: string) =>
    new PluginError(`The CustomResourceDefinition in this cluster has no field ${field}.`, {
      hint: "The operator there is older than this command: upgrade it, and its CustomResourceDefinition.",
    }),
  noResource: (name: string, namespace: string, similar: string | undefined, names: readonly string[]) =>
    new PluginError(`There is no CCTelegramDeployment "${name}" in namespace ${namespace}.${near(similar)}`, {
      exitCode: notFound,
      hint: names.length === 0 ? "-A looks in all namespaces; -n chooses one." : `In it ${known(names)}.`,
    }),
  noResources: (where: string) =>
    new PluginError(`There is no CCTelegramDeployment ${where}.`, {
      exitCode: notFound,
      hint: "-A looks in all namespaces; -n chooses one.",
    }),
  noClient: (name: string, resource: string, similar: string | undefined, names: readonly string[]) =>
    new PluginError(`${resource} has no client "${name}".${near(similar)}`, {
      exitCode: notFound,
      hint: `Of clients ${known(names)}; keys create adds one.`,
    }),
  clientExists: (name: string, resource: string) =>
    new PluginError(`${resource} has a client "${name}" already.`, {
      hint: "keys rotate gives it another key; keys revoke takes it away.",
    }),
  noClientMay: (permission: string, resource: string) =>
    new PluginError(`No client of ${resource} may call ${permission}.`, {
      hint: `Give one the permission: kubectl cctelegram keys create ${resource} NAME --permission ${permission}`,
    }),
  nobodyTellsBans: (resource: string) =>
    new PluginError(`Nobody tells of the bans of ${resource}: no client may call list_bans, and it has no dashboard.`, {
      hint: `Either is enough: kubectl cctelegram keys create ${resource} NAME --permission group:bans, or monitoring.dashboard.mode: Enabled.`,
    }),
  noSecret: (name: string, what: string) =>
    new PluginError(`The Secret ${name} does not exist, or has no ${what} yet.`, {
      exitCode: notFound,
      hint: "The operator creates it: kubectl cctelegram status says what keeps it from doing so.",
    }),
  noPod: (component: string, resource: string) =>
    new PluginError(`No ${component} pod of ${resource} runs.`, {
      exitCode: unreachable,
      hint: `kubectl cctelegram status ${resource} says why.`,
    }),
  hibernates: (resource: string) =>
    new PluginError(`${resource} hibernates, so neither server nor bridge runs.`, {
      exitCode: unreachable,
      hint: `kubectl cctelegram wake ${resource} brings them back.`,
    }),
  podUnreachable: (pod: string, port: number, reason: string) =>
    new PluginError(`Port ${port} of the pod ${pod} cannot be reached through the cluster: ${reason}.`, {
      exitCode: unreachable,
      hint: "It takes a running pod, and the right to get and create pods/portforward.",
    }),
  partSilent: (part: string, reason: string) =>
    new PluginError(`The ${part} gives no usable answer: ${reason}.`, {
      exitCode: unreachable,
      hint: "kubectl cctelegram status and logs say how it is.",
    }),
  partRefuses: (part: string, message: string, exitCode: ExitCode = exitCodes.failed) =>
    new PluginError(`The ${part} refuses it: ${message}`, { exitCode }),
  declined: () => new PluginError("Nothing was changed.", { exitCode: exitCodes.declined }),
  needsYes: (question: string) =>
    new PluginError(`Nobody can be asked, because this is no terminal: ${question}`, {
      exitCode: exitCodes.declined,
      hint: "Give --yes to do it without a question, or --dry-run to see what would be done.",
    }),
  interrupted: () => new PluginError("Interrupted.", { exitCode: exitCodes.interrupted }),
  timedOut: (what: string, state: string) =>
    new PluginError(`${what} took longer than --timeout allows. Last state: ${state}`, {
      exitCode: exitCodes.timedOut,
    }),
  notReady: (names: readonly string[]) =>
    new PluginError(`Not ready: ${names.join(", ")}.`, { exitCode: exitCodes.notReady }),
  badOption: (flag: string, problem: string) => new PluginError(`${flag} ${problem}.`, { exitCode: exitCodes.usage }),
  conflict: (what: string) =>
    new PluginError(`Somebody else keeps changing ${what} at the same time.`, { hint: "Run the command again." }),
  severalImages: (resource: string, images: readonly string[]) =>
    new PluginError(
      `${resource} has not proven one image: its ready servers run ${images.length === 0 ? "none" : images.join(" and ")}.`,
      {
        hint: "Wait until its rollout has ended: kubectl cctelegram status shows it.",
      },
    ),
  noRollout: (resource: string) =>
    new PluginError(`${resource} tells of no revisions: its operator is older, or has not rolled anything out yet.`, {
      hint: "kubectl cctelegram status shows what it does.",
    }),
  nothingToPromote: (resource: string) =>
    new PluginError(`${resource} has nothing to promote: no revision is being rolled out.`),
  noRevision: (revision: number, kept: readonly number[]) =>
    new PluginError(`Revision ${revision} is not kept.`, {
      exitCode: notFound,
      hint: `Of revisions ${known(kept.map(String))}.`,
    }),
  nothingToUndo: (resource: string) =>
    new PluginError(`${resource} has no earlier revision that worked.`, { hint: "undo --to names any kept one." }),
  bridgeFenced: (since: string) =>
    new PluginError(`The bridge is fenced since ${since}, so the queue cannot run empty.`, {
      hint: "bridge.fencing: Open in the resource lets it go on.",
    }),
  deliveryStopped: (by: string) =>
    new PluginError(`Delivery is stopped by ${by}, so the queue cannot run empty.`, {
      hint: "kubectl cctelegram resume delivery NAME lets it go on.",
    }),
  pairingOff: (resource: string) =>
    new PluginError(`${resource} lets nobody in by a code.`, {
      hint: "Set telegram.pairing of the resource to Code; then the bot tells a code to whoever writes to it in private.",
    }),
  noPairingCode: () =>
    new PluginError("This is no code: it has six letters and digits, as the bot told them.", {
      exitCode: exitCodes.usage,
    }),
  pairingCodeUnknown: () =>
    new PluginError("Nobody was told this code within the last hour, or somebody else has confirmed it.", {
      exitCode: notFound,
      hint: "Let the person write to the bot in private, and take the code that it tells.",
    }),
  noDeadLetter: (id: string, ids: readonly string[]) =>
    new PluginError(`There is no refused message ${id}.`, {
      exitCode: notFound,
      hint: `Of refused messages ${known(ids)}; those that were sent or dropped are gone.`,
    }),
  backupFailed: (name: string, message: string) => new PluginError(`The backup ${name} failed: ${message}`),
  backupUnfinished: (name: string) =>
    new PluginError(`The backup ${name} did not succeed, so nothing can be restored from it.`, {
      hint: "kubectl get cctb lists backups and how they ended.",
    }),
  noBackup: (name: string, similar: string | undefined, names: readonly string[]) =>
    new PluginError(`There is no CCTelegramBackup "${name}".${near(similar)}`, {
      exitCode: notFound,
      hint: `Of backups ${known(names)}.`,
    }),
  resourceExists: (name: string, namespace: string) =>
    new PluginError(`There is a CCTelegramDeployment "${name}" in namespace ${namespace} already.`, {
      hint: "A backup is restored into a new resource: choose another name.",
    }),
  fileUnusable: (path: string, reason: string) => new PluginError(`${path} cannot be used: ${reason}.`),
  fileHasEntry: (path: string) =>
    new PluginError(`${path} has a server "cctelegram" that somebody else wrote.`, {
      hint: "Move it away, or choose another file with --file.",
    }),
  portTaken: (port: number) =>
    new PluginError(`The port ${port} of this machine is in use.`, {
      hint: "Choose another with --port; 0 takes any.",
    }),
} as const;
