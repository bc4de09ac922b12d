import { perform } from "./performance.ts";
import { dayTwo } from "./scenes/day-two.ts";
import { kubectlPlugin } from "./scenes/kubectl-plugin.ts";
import { operator } from "./scenes/operator.ts";
import { scaling } from "./scenes/scaling.ts";
import { secrets } from "./scenes/secrets.ts";

for (const scene of [kubectlPlugin, operator, dayTwo, scaling, secrets]) perform(scene);
