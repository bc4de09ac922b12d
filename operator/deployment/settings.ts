/** Settings of the operator. */
export type Settings = {
  /** Default image of server and bridge. */
  readonly serverImage: string;
  /** Default URL of the Bot API. */
  readonly telegramApiUrl?: string | undefined;
  /** Prefixes of images that resources may use; empty allows all. */
  readonly allowedImages?: readonly string[];
  /** Prefixes of Bot API URLs that resources may use; empty allows all. */
  readonly allowedApiUrls?: readonly string[];
  /** Prefixes of the URLs of stores for backups; empty allows all, unless network fields are not allowed. */
  readonly allowedBackupEndpoints?: readonly string[];
  /** Whether resources may widen network policies. Default true. */
  readonly allowNetworkFields?: boolean;
  /** Whether public addresses are probed. Default true. */
  readonly probeExposure?: boolean;
  /** Milliseconds after which every pod has read a changed Secret. Default 120 000. */
  readonly keySpreadMs?: number;
  /** Milliseconds for which the HMAC secret of before is kept. Default 900 000. */
  readonly hmacGraceMs?: number;
  /** Milliseconds for which server pods stay that clients have just left. Default 15 000. */
  readonly lingerMs?: number;
  /** Milliseconds between two questions to a version that is tried. Default 2 500. */
  readonly trialEveryMs?: number;
  /** Version of this operator. Undefined: it is compared with no version of an image. */
  readonly operatorVersion?: string;
};
