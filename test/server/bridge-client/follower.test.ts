import { expect, test, vi } from "vitest";
import type { Followed, FollowRequest } from "../../../contract/relay.ts";
import { Follower } from "../../../server/bridge-client/follower.ts";

test("a follower that came before the bridge hears what the relay still holds", async () => {
  const asked: FollowRequest[] = [];
  const heard: string[] = [];
  let missed = 0;
  const message = { position: 7, topic: "session/a", text: "said meanwhile" };
  const follower: Follower = new Follower({
    async follow(request): Promise<Followed> {
      asked.push(request);
      if (asked.length === 1) throw new Error("the bridge is not there yet");
      if (asked.length === 3) follower.stop();
      const messages = asked.length === 2 ? [message] : [];
      return { messages, position: 7, missed: request.after === 0, epoch: "e" };
    },
    random: () => 0,
    onMessage: ({ text }) => void heard.push(text),
    onMissed: () => {
      missed += 1;
    },
  });
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  expect(asked.map(({ after }) => after)).toEqual(["now", 0, 7]);
  expect([heard, missed]).toEqual([["said meanwhile"], 1]);
});
