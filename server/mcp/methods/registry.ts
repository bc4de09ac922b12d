import type { EraName, Method } from "../method.ts";
import { completionComplete } from "./completion-complete.ts";
import { discover } from "./discover.ts";
import { initialize } from "./initialize.ts";
import { loggingSetLevel } from "./logging-set-level.ts";
import { ping } from "./ping.ts";
import { promptsGet } from "./prompts-get.ts";
import { promptsList } from "./prompts-list.ts";
import { resourcesList } from "./resources-list.ts";
import { resourcesRead } from "./resources-read.ts";
import { resourcesSubscribe } from "./resources-subscribe.ts";
import { resourcesTemplatesList } from "./resources-templates-list.ts";
import { resourcesUnsubscribe } from "./resources-unsubscribe.ts";
import { subscriptionsListen } from "./subscriptions-listen.ts";
import { tasksCancel } from "./tasks-cancel.ts";
import { tasksGet } from "./tasks-get.ts";
import { tasksUpdate } from "./tasks-update.ts";
import { toolsCall } from "./tools-call.ts";
import { toolsList } from "./tools-list.ts";

/** Every method that the server answers. What it declares to clients derives from this list. */
export const methods: readonly Method[] = [
  initialize,
  discover,
  ping,
  toolsList,
  toolsCall,
  resourcesList,
  resourcesTemplatesList,
  resourcesRead,
  resourcesSubscribe,
  resourcesUnsubscribe,
  subscriptionsListen,
  promptsList,
  promptsGet,
  completionComplete,
  loggingSetLevel,
  tasksGet,
  tasksUpdate,
  tasksCancel,
];

/** The methods of an era by name. */
export function methodsOf(era: EraName, all: readonly Method[]): ReadonlyMap<string, Method> {
  return new Map(all.filter(({ eras }) => eras.includes(era)).map((method) => [method.name, method]));
}
