import { expect, test, vi } from "vitest";
import { ANNA } from "../../bridge/sessions/talk.ts";
import { until } from "../../bridge/support.ts";
import { otherKey, Stage } from "./stage.ts";

const stage = new Stage({ telegram: { pairing: "Code", admins: [1] } });
const NINA = { id: 50, first_name: "Nina", username: "nina" };

test("somebody new is let in by the code that the bot told, and speaks to the session; another key may not let in anybody", async () => {
  const { client, contents } = await stage.client({ query: "?session=api" });
  await stage.is("here", "api");
  stage.talk.says("hello", { from: NINA });
  const told = () => /: (\w{6})$/.exec(stage.talk.told(NINA.id).at(-1)?.text ?? "")?.[1];
  await until("the code", () => told() !== undefined);
  const pair = { name: "pair_person", arguments: { code: told() } };
  const other = await stage.client({ key: otherKey });
  await expect(other.client.callTool(pair)).resolves.toMatchObject({ isError: true });
  expect(await client.callTool({ ...pair, arguments: { code: "222222" } })).toMatchObject({ isError: true });
  expect((await client.callTool(pair)).structuredContent).toMatchObject({
    success: true,
    user_id: 50,
    username: "nina",
  });
  await stage.bind("api", { from: NINA });
  stage.talk.says("may I?", { from: NINA });
  await vi.waitFor(() => expect(contents()).toEqual(["may I?"]));
});

test("a file that somebody sends comes with its id, by which its session alone gets it", async () => {
  const { client, heard } = await stage.client({ query: "?session=api" });
  const web = await stage.client({ query: "?session=web" });
  await stage.bound("api");
  await stage.is("here", "web");
  const file = { kind: "document", name: "sizes.csv", mime: "text/csv", content: "a,b" } as const;
  stage.talk.telegram.control({ says: [{ from: ANNA, caption: "the sizes", file }] });
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  const file_id = heard[0]?.meta.attachment_id;
  const get = { name: "download_attachment", arguments: { file_id } };
  expect((await client.callTool(get)).content).toMatchObject([
    { text: "sizes.csv (text/csv, 3 bytes)" },
    { resource: { text: "a,b" } },
  ]);
  expect(await web.client.callTool(get)).toMatchObject({ isError: true });
});
