import { adoptionAnnotation } from "../../names.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** What the resource takes over leads to it. */
export const adopted: Judge = ({ resource, adoption }) => {
  const { namespace, name, spec } = resource;
  if (adoption?.keysProblem !== undefined) return fails("KeysNotImported", adoption.keysProblem);
  const wanted = spec.adoption?.services ?? [];
  const missing = wanted.map((service) => service.name).filter((service) => !adoption?.moved.includes(service));
  if (missing.length === 0) {
    const done =
      wanted.length === 0
        ? "the servers accept the imported keys"
        : "clients reach the servers by the Services that were handed over";
    return holds("TakenOver", `${done}; what ran before can be stopped`);
  }
  if (!adoption?.serversReady) return fails("ServersNotReady", "clients are led here when all server pods are ready");
  const words = missing.map(
    (service) => `kubectl -n ${namespace} annotate service ${service} ${adoptionAnnotation}=${name}`,
  );
  return fails("NotHandedOver", `the servers are ready; hand over what leads to the former ones: ${words.join("; ")}`);
};
