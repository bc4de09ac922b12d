import type { FormattedText } from "../formatting/formatted-text.ts";
import type { Asked, Command, CommandContext } from "./command.ts";
import { replyText } from "./reply-text.ts";

export const bind: Command = {
  name: "bind",
  description: "Lets a session hear what is said in this chat or topic",
  argument: "NAME",
  who: "people",
  answer: (asked, context) => bound(asked, context),
};

export const unbind: Command = {
  name: "unbind",
  description: "No session hears this chat or topic any more",
  who: "people",
  answer: ({ chatId, topic }, context) => {
    const name = context.unbind({ chatId, topic });
    return replyText([name === undefined ? "Nothing was bound here." : `${name} does not hear this any more.`]);
  },
};

function bound({ args, from, chatId, topic }: Asked, context: CommandContext): FormattedText {
  const wanted = args.trim();
  if (wanted === "") return replyText(["Say which: /bind NAME. /sessions lists those that there are."]);
  // Sessions of two clients may have one name: CLIENT/NAME says which. No session's name has a slash.
  const slash = wanted.lastIndexOf("/");
  const [client, name] = slash < 0 ? [undefined, wanted] : [wanted.slice(0, slash), wanted.slice(slash + 1)];
  const found = context.sessionsCalled(name).filter((each) => client === undefined || each.client === client);
  const exact = found.filter((each) => each.name === name);
  const [session, ...others] = exact.length > 0 ? exact : found;
  if (session === undefined) return replyText([`There is no session ${wanted}. /sessions lists those that there are.`]);
  if (others.length > 0) {
    const ways = [session, ...others].map((each) => `/bind ${each.client}/${each.name}`);
    return replyText(["Several sessions are called so. Say which:", ...ways]);
  }
  context.bind(session.row, { chatId, topic }, from.id);
  return replyText([`${session.name} hears what is said here from now on. /unbind ends that.`]);
}
