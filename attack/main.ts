/** `npm run attack [-- WORD]`: attacks the images' programs on loopback; all attacks, or those with WORD in their names. */
import { bundle } from "../images/bundle.ts";
import { memoryLimitObstacle } from "./memory-limit.ts";
import { longScenarios } from "./scenarios.ts";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

const obstacle = memoryLimitObstacle();
if (obstacle !== undefined) {
  console.error(obstacle);
  process.exit(1);
}
await bundle(["server", "operator"]);
const chosen = longScenarios.filter(({ name }) => name.includes(process.argv[2] ?? ""));
for (const { name, run } of chosen) {
  const started = performance.now();
  const { measured, failures } = await run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${failures.length === 0 ? "held" : "FELL"}  ${name} (${seconds} s): ${[...failures, measured].join("; ")}`,
  );
  if (failures.length > 0) process.exitCode = 1;
}
