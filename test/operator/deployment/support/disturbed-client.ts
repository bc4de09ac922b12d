import { ApiError, ConnectionError } from "../../../../operator/runtime/api-error.ts";
import type { Client } from "../../../../operator/runtime/client.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";

/** What happens to a request: the server refuses it, or handles it and its answer is lost, or it is never sent. */
export type Fault = "refused" | "answer lost" | "never sent";

/** A client whose writes fail as `next` says for each, such as for "apply services/team-bridge". Reads are not affected. */
export function disturbedClient(client: Client, next: (request: string) => Fault | undefined): Client {
  const through = async <T>(request: string, send: () => Promise<T>): Promise<T> => {
    const fault = next(request);
    if (fault === undefined) return send();
    if (fault === "answer lost") await send();
    throw errorOf(fault, request);
  };
  return {
    ...client,
    get: (path, query) => client.get(path, query),
    list: (path, query) => client.list(path, query),
    request: <T>(request: Request) =>
      request.method === "GET"
        ? client.request<T>(request)
        : through(nameOfRequest(request), () => client.request<T>(request)),
    watch: (path, query, signal, accept) => client.watch(path, query, signal, accept),
    create: <T>(...args: Parameters<Client["create"]>) =>
      through(nameOf("create", args[0].plural, args[1]), () => client.create<T>(...args)),
    apply: <T>(...args: Parameters<Client["apply"]>) =>
      through(nameOf("apply", args[0].plural, args[1], args[2].subresource), () => client.apply<T>(...args)),
    delete: (type, namespace, name, preconditions) =>
      through(`delete ${type.plural}/${name}`, () => client.delete(type, namespace, name, preconditions)),
  };
}

const nameOf = (verb: string, plural: string, { metadata }: KubernetesObject, subresource?: string) =>
  `${verb} ${plural}/${metadata.name}${subresource ? `/${subresource}` : ""}`;

type Request = Parameters<Client["request"]>[0];

/** "create controllerrevisions/team-mcp-server", without the hash, which no other resource has; "patch cctelegramdeployments/team/scale" of a path. */
function nameOfRequest({ method, path, body }: Request): string {
  const parts = path.split("/");
  if (method !== "POST" || parts.at(-1) !== "controllerrevisions")
    return `${method.toLowerCase()} ${parts.slice(-3).join("/")}`;
  const { name = "" } = (body as KubernetesObject).metadata;
  return `create controllerrevisions/${name.slice(0, name.lastIndexOf("-"))}`;
}

function errorOf(fault: Fault, path: string): Error {
  if (fault !== "refused") return new ConnectionError("PATCH", path, "ETIMEDOUT", "timed out");
  const body = { message: "the test says so", reason: "InternalError" };
  return new ApiError({ method: "PATCH", path, status: 500, body });
}
