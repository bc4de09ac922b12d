import { perform } from "./performance.ts";
import { adoption } from "./scenes/adoption.ts";
import { backupKubernetes } from "./scenes/backup-kubernetes.ts";
import { environments } from "./scenes/environments.ts";
import { image } from "./scenes/image.ts";
import { rollout } from "./scenes/rollout.ts";
import { upgrade } from "./scenes/upgrade.ts";

for (const scene of [adoption, backupKubernetes, environments, image, rollout, upgrade]) perform(scene);
