/** What a bot may react with (Bot API, ReactionTypeEmoji). */
const reactions: ReadonlySet<string> = new Set(
  "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡".split(
    " ",
  ),
);

/** The emoji as Telegram writes it: keyboards add variation selectors. Undefined for one that it does not allow. */
export function reactionOf(emoji: string): string | undefined {
  const plain = emoji.replace(/\ufe0f/g, "");
  return reactions.has(plain) ? plain : undefined;
}
