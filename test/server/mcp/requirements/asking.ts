import { page, type Stated } from "./requirement.ts";

const rounds =
  "mcp/interaction.test.ts › is asked once: what was answered in earlier rounds is still known in later ones";
const again = "mcp/interaction.test.ts › is asked again after an answer that is none";
const forged = "mcp/interaction.test.ts › cannot be answered with answers that somebody else's state holds";
const needsState = "mcp/interaction.test.ts › has to come back with its state, when it has one";
const notInSession = "mcp/asking.test.ts › is not asked in a session: %s";
const notStateless = "mcp/asking.test.ts › is not asked in MCP 2026-07-28: %s";
const refusal = "mcp/asking.test.ts › a client that refuses, or that fails, is told to the tool";
const bound = "mcp/replicas.test.ts › cannot answer what another client was asked";
const foreignState =
  "mcp/request-state.test.ts › is refused from another client, for another call, or with another secret";
const changedState = "mcp/request-state.test.ts › is refused when anything of it was changed, or when it is none";
const noQuestions = "No tool or prompt of the product asks people anything; one that does has to keep to this.";
const noPages = "No tool of the product sends people to a web page.";

type Level = Stated["level"];

const notAsked = (reason: string, rows: readonly (readonly [string, Level, string, string])[]) =>
  rows.map(([id, level, heading, says]): Stated => ({ id, level, heading, says, notApplicable: reason }));

const elicitation: readonly Stated[] = [
  ...notAsked(noQuestions, [
    ["sensitive-forms", "MUST NOT", "User Interaction Model", "Forms do not ask for secrets."],
    ["sensitive-pages", "MUST", "User Interaction Model", "What is secret is asked for on a web page."],
    ["parameters", "MUST", "Elicitation Requests", "A question has a message, and its mode unless that is a form."],
    ["form-parameters", "MUST", "Form Mode Elicitation Requests", "A form has a schema of what is asked for."],
    ["clickable", "SHOULD NOT", "Safe URL Handling", "Forms hold no links to click."],
    ["sensitive-form-fields", "MUST NOT", "Form Mode Security", "Forms do not ask for passwords and keys."],
    ["validation", "SHOULD", "Form Mode Security", "What is answered is compared with the schema."],
  ]),
  ...notAsked(noPages, [
    [
      "url-parameters",
      "MUST",
      "URL Mode Elicitation Requests",
      "A question with a page says so, and has its URL, message and id.",
    ],
    ["valid-url", "MUST", "URL Mode Elicitation Requests", "The URL is a valid one."],
    [
      "own-authorization",
      "MUST NOT",
      "URL Mode Elicitation for OAuth Flows",
      "A page does not authorize people for the server itself.",
    ],
    [
      "third-party-credentials",
      "MUST NOT",
      "Understanding the Distinction",
      "Credentials of others do not pass through the client.",
    ],
    [
      "client-credentials",
      "MUST NOT",
      "Understanding the Distinction",
      "The client's credentials are not used with others.",
    ],
    [
      "transmitted-credentials",
      "MUST NOT",
      "Understanding the Distinction",
      "Credentials that a page has got are not given to the client.",
    ],
    ["sensitive-urls", "MUST NOT", "Safe URL Handling", "URLs tell nothing about people."],
    ["authenticated-urls", "MUST NOT", "Safe URL Handling", "URLs are not authenticated beforehand."],
    ["https", "SHOULD", "Safe URL Handling", "URLs are of HTTPS."],
    [
      "who-opens",
      "MUST",
      "Phishing",
      "Who opens the page is the one who was asked, even when somebody changes the URL.",
    ],
  ]),
  {
    id: "supported-modes",
    level: "MUST NOT",
    heading: "Capabilities",
    says: "Modes that the client does not support are not asked in.",
    shownBy: [notInSession, notStateless],
  },
  {
    id: "protected-state",
    level: "MUST",
    heading: "Statefulness",
    says: "State of questions is kept from others.",
    shownBy: [bound, forged, foreignState],
  },
  {
    id: "identity",
    level: "MUST",
    heading: "Statefulness",
    says: "Who people are comes from their credentials.",
    shownBy: [bound, foreignState],
  },
  {
    id: "bound-to-client",
    level: "MUST",
    heading: "Security Considerations",
    says: "Questions are bound to the client and its user.",
    shownBy: [bound, foreignState],
  },
  {
    id: "claimed-identity",
    level: "MUST NOT",
    heading: "Identifying the User",
    says: "What a client says about people is not relied on.",
    shownBy: [bound, foreignState],
  },
  {
    id: "best-practices",
    level: "SHOULD",
    heading: "Identifying the User",
    says: "The page about security is followed.",
    shownBy: ["mcp/sessions.test.ts › is worth nothing to another client, for another purpose, or changed"],
  },
];

const sampling: readonly Stated[] = [
  {
    id: "tools",
    level: "MUST NOT",
    heading: "Tools in Sampling",
    says: "Clients that have not declared it are not asked for sampling with tools.",
    shownBy: [notInSession, notStateless],
  },
  {
    id: "context-avoided",
    level: "SHOULD",
    heading: "Capabilities",
    says: "Context of servers is not asked for.",
    notApplicable: "No tool of the product asks a model.",
  },
  {
    id: "context",
    level: "SHOULD NOT",
    heading: "Capabilities",
    says: "It is not asked for unless the client has declared it.",
    shownBy: [notInSession, notStateless],
  },
  ...notAsked("No tool of the product asks a model.", [
    ["only-results", "MUST", "Tool Result Messages", "A message with results of tools holds nothing else."],
    ["balance", "MUST", "Tool Use and Result Balance", "Each use of a tool is followed by its result."],
    ["content", "SHOULD", "Security Considerations", "Content of messages is validated."],
    ["sensitive", "MUST", "Security Considerations", "What is sensitive is handled so."],
    ["tool-results", "MUST", "Security Considerations", "Each use of a tool is answered with a result of its id."],
    ["loops", "SHOULD", "Security Considerations", "Loops with tools have an end."],
  ]),
];

const roots: readonly Stated[] = [
  {
    id: "capability",
    level: "SHOULD",
    heading: "Implementation Guidelines",
    says: "Only clients that have declared roots are asked for them.",
    shownBy: [notInSession, notStateless],
  },
  ...notAsked("No tool of the product asks for roots, or works with files.", [
    [
      "boundaries",
      "SHOULD",
      "Security Considerations",
      "Roots that go away are coped with, and their bounds are kept to.",
    ],
    [
      "boundaries-in-operations",
      "SHOULD",
      "Implementation Guidelines",
      "Bounds are kept to, and what is known of roots is remembered.",
    ],
  ]),
];

export const asking = [
  ...page("2025-11-25", "client/elicitation", [
    ...elicitation,
    {
      id: "not-session-alone",
      level: "MUST NOT",
      heading: "Statefulness",
      says: "State hangs on more than the session's id.",
      shownBy: [bound, "mcp/sessions.test.ts › is worth nothing to another client, for another purpose, or changed"],
    },
    ...notAsked(noPages, [
      [
        "completion-to-client",
        "MUST",
        "Completion Notifications for URL Mode Elicitation",
        "That it is done is told only to the client that was asked.",
      ],
      ["completion-id", "MUST", "Completion Notifications for URL Mode Elicitation", "It names the question."],
      [
        "required-error",
        "MUST NOT",
        "URL Elicitation Required Error",
        "-32042 is sent for nothing else than a page that is needed.",
      ],
      ["required-list", "MUST", "URL Elicitation Required Error", "It lists the pages that are needed."],
      ["required-modes", "MUST", "URL Elicitation Required Error", "They are of the mode of pages, with an id."],
    ]),
    {
      id: "errors",
      level: "MUST",
      heading: "Error Handling",
      says: "Common failures are standard errors.",
      shownBy: [notInSession],
    },
  ]),
  ...page("2026-07-28", "client/elicitation", [
    ...elicitation,
    {
      id: "failures",
      level: "MUST",
      heading: "Error Handling",
      says: "People may refuse, and clients may fail.",
      shownBy: [refusal],
    },
    {
      id: "no-certainty",
      level: "SHOULD NOT",
      heading: "Error Handling",
      says: "It is not assumed that questions are answered.",
      shownBy: [refusal, again],
    },
  ]),
  ...page("2025-11-25", "client/sampling", sampling),
  ...page("2026-07-28", "client/sampling", [
    ...sampling,
    ...notAsked("No tool of the product asks a model.", [
      ["deprecated", "SHOULD NOT", "", "It is not adopted anew."],
      ["role", "MUST", "Messages", "Messages have a role."],
      ["retained", "SHOULD NOT", "Messages", "Messages are not kept between requests."],
    ]),
  ]),
  ...page("2025-11-25", "client/roots", roots),
  ...page("2026-07-28", "client/roots", [
    ...roots,
    ...notAsked("No tool of the product asks for roots.", [
      ["deprecated", "SHOULD NOT", "", "They are not adopted anew."],
    ]),
  ]),
  ...page("2026-07-28", "basic/patterns/mrtr", [
    {
      id: "only-way",
      level: "MUST",
      heading: "",
      says: "What the server asks stands in results.",
      shownBy: [rounds, notStateless],
    },
    {
      id: "supported-requests",
      level: "MUST NOT",
      heading: "Supported Requests",
      says: "Only tools/call, prompts/get and resources/read are answered so.",
      notApplicable:
        "Only handlers of tools and prompts are given the means to ask (Interaction); other methods have none.",
    },
    {
      id: "unique-keys",
      level: "MUST",
      heading: "Server Requirements (Basic Workflow)",
      says: "Each question of a result has a key of its own.",
      shownBy: [rounds],
    },
    {
      id: "kinds",
      level: "MUST",
      heading: "Server Requirements (Basic Workflow)",
      says: "Questions are of the three kinds that there are.",
      shownBy: [notStateless],
    },
    {
      id: "distrusted-state",
      level: "MUST",
      heading: "Server Requirements (Basic Workflow)",
      says: "State that comes back may be an attacker's.",
      shownBy: [forged, foreignState, changedState],
    },
    {
      id: "integrity",
      level: "MUST",
      heading: "Server Requirements (Basic Workflow)",
      says: "State has a seal, and one that fails is refused.",
      shownBy: [forged, changedState],
    },
    {
      id: "replay",
      level: "SHOULD",
      heading: "Server Requirements (Basic Workflow)",
      says: "State holds who, what for and until when, and all three are checked.",
      shownBy: [foreignState, "mcp/request-state.test.ts › ends after ten minutes"],
    },
    {
      id: "once-only",
      level: "MUST",
      heading: "Server Requirements (Basic Workflow)",
      says: "What may happen once only is made sure of on the server.",
      notApplicable:
        "No tool of the product keeps such things in its state; repeated messages are recognised by their ids in the bridge.",
    },
    {
      id: "something",
      level: "MUST",
      heading: "Server Requirements (Basic Workflow)",
      says: "Such a result has questions, or a state.",
      shownBy: [rounds, notStateless],
    },
    {
      id: "declared",
      level: "MUST NOT",
      heading: "Server Requirements (Basic Workflow)",
      says: "Questions that the client has not declared are not asked.",
      shownBy: [notStateless],
    },
    {
      id: "no-certainty",
      level: "MUST NOT",
      heading: "Server Requirements (Basic Workflow)",
      says: "It is not assumed that the client comes back.",
      shownBy: [again, "mcp/request-state.test.ts › comes back to any replica that has the secret"],
    },
    {
      id: "valid-responses",
      level: "SHOULD",
      heading: "Error Handling",
      says: "Answers are checked.",
      shownBy: [again],
    },
    {
      id: "protocol-errors",
      level: "SHOULD",
      heading: "Error Handling",
      says: "What is malformed is an error of the protocol.",
      shownBy: [forged, changedState],
    },
    {
      id: "unexpected-responses",
      level: "SHOULD",
      heading: "Error Handling",
      says: "Answers that nobody asked for are ignored.",
      shownBy: [again],
    },
    {
      id: "missing-responses",
      level: "SHOULD",
      heading: "Error Handling",
      says: "What is missing is asked again.",
      shownBy: [again, needsState],
    },
    {
      id: "validated-state",
      level: "MUST",
      heading: "Security Considerations",
      says: "State is validated.",
      shownBy: [forged, foreignState, changedState],
    },
  ]),
];
