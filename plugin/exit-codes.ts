/** How a command ends, for scripts: the number and what it means. */
export const exitCodes = Object.freeze({
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  forbidden: 4,
  unreachable: 5,
  declined: 6,
  notReady: 7,
  timedOut: 8,
  interrupted: 130,
});

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** For the reference and the help. */
export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.done, "It is done."],
  [exitCodes.failed, "It failed; the message says why and what to do."],
  [exitCodes.usage, "The command line is wrong."],
  [
    exitCodes.notFound,
    "There is no such resource, client, backup or message, or the cluster has no CCTelegramDeployment.",
  ],
  [exitCodes.forbidden, "The cluster refuses it: the message names the right that is missing."],
  [exitCodes.unreachable, "The cluster, the bridge or the server does not answer."],
  [exitCodes.declined, "Somebody answered no, or nobody could be asked and there was no --yes."],
  [exitCodes.notReady, "`status --exit-code`: a resource is not ready."],
  [exitCodes.timedOut, "It did not come to its end within --timeout."],
  [exitCodes.interrupted, "It was interrupted with Ctrl-C."],
];
