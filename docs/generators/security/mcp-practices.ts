import { attacked, type RiskList } from "./risk.ts";

const noLogin =
  "It concerns authorization servers, and proxies and clients that log people in there. Server and bridge are none of these.";

export const mcpPractices: RiskList = {
  title: "MCP: Security Best Practices (2026-07-28)",
  about:
    "[The page](https://modelcontextprotocol.io/docs/2026-07-28/tutorials/security/security_best_practices) by its headings; the last row is that of the page for 2025-11-25 and older, which the server speaks, too.",
  risks: [
    { id: "Confused deputy problem", risk: "A proxy's consent for one client serves another", notApplicable: noLogin },
    {
      id: "Token passthrough",
      risk: "Tokens that were issued for somebody else are accepted or passed on",
      does: "The server accepts what was made for it, an access token only with its own URL as audience, and passes nothing of it on: the bridge gets a signature and the client's name, Telegram the bot's own token.",
      shownBy: [
        "test/server/oauth/tokens.test.ts › never leaves the server: the bridge hears who calls, and no token",
        "test/server/oauth/tokens.test.ts › another authorization server is nobody here, although its tokens are for this server",
        "test/server/bridge/intake/intake.test.ts › an unsigned, wrongly signed or old request is refused",
        "test/server/mcp/stdio/remote.process.test.ts › what is no MCP, and a redirect, are errors that say so; the key does not go elsewhere",
        "test/server/mcp/stdio/remote-proxy.process.test.ts › asks one at an https URL through a tunnel, and the proxy sees no key",
      ],
    },
    {
      id: "Server-side request forgery",
      risk: "A client or an authorization server is made to call internal addresses",
      does: "The server asks the origin of its configured issuer alone, follows no redirect there, and hands out no URL of its own choice to clients. As a client, stdio calls the one URL that its user named, and follows no redirect; the operator calls no internal address that an author named as public.",
      shownBy: [
        "test/server/oauth/authorization-server.test.ts › are not looked for on an origin to which the metadata leads, unless that is configured",
        "test/server/mcp/stdio/remote.process.test.ts › what is no MCP, and a redirect, are errors that say so; the key does not go elsewhere",
        "test/operator/deployment/exposure/dialer.test.ts › that nobody outside could mean is not called, by number or by name",
      ],
    },
    {
      id: "State handle hijacking",
      risk: "An id that was guessed or found is taken for its owner",
      does: "No id authenticates: each request shows its key. Sessions, states of questions and tasks are sealed or bound to the client, hard to guess, and end.",
      shownBy: [
        "test/server/mcp/request-state.test.ts › is refused from another client, for another call, or with another secret",
        "test/server/mcp/request-state.test.ts › ends after ten minutes",
        "test/server/mcp/tasks.test.ts › %s knows neither what is not there nor what is another client's",
        "test/server/bridge/approvals/approvals.test.ts › sees its own approvals alone",
        "test/server/mcp/replicas.test.ts › cannot answer what another client was asked",
      ],
    },
    {
      id: "Local MCP server compromise",
      risk: "A server on a user's machine is used by web pages or other programs",
      does: "stdio opens no port. A server that listens does so on loopback, with a key that its user alone can read, and refuses web pages under whatever name.",
      shownBy: [
        "test/server/mcp/stdio/alone.process.test.ts › no port is open, and what is said is messages alone; the log is on stderr without secrets",
        "test/server/standalone.process.test.ts › the key is kept for its owner only, told to no log, and valid after a restart",
        "test/server/standalone.process.test.ts › answers this machine only, under its own names",
        "test/clients/rebinding.client.test.ts › a hostile page whose name leads to this machine reaches nothing of a server without keys",
      ],
    },
    {
      id: "OAuth authorization URL validation",
      risk: "A server's URL runs code in a client",
      notApplicable: "It concerns clients that open such URLs. The server sends none.",
    },
    {
      id: "stdio transport security in proxy scenarios",
      risk: "A local proxy is made to start programs",
      notApplicable:
        "No part starts a program because of a request. stdio as the client of a server elsewhere passes messages on.",
    },
    { id: "Mix-up attacks", risk: "A code goes to another authorization server", notApplicable: noLogin },
    { id: "Localhost redirect URI impersonation", risk: "A program poses as a client", notApplicable: noLogin },
    { id: "CIMD trust policies", risk: "Which URLs count as clients", notApplicable: noLogin },
    {
      id: "Scope minimization",
      risk: "A key that may do more than its client needs",
      does: "Permissions are chosen for each key and by the scopes of a token, and a refusal names the one that is missing, not all that there are. Each refusal is a security event with client and tool.",
      shownBy: [
        "test/server/oauth/tokens.test.ts › permits what its scopes say, and shows nothing else",
        "test/server/http/app.test.ts › a tool outside of the key's permissions is refused with 403, and listed for nobody",
        "test/server/access/api-keys.test.ts › are enabled and may do nothing unless it is said",
        "e2e/trouble.test.ts › a client without the permission is refused, on MCP and on REST",
      ],
    },
    {
      id: "Session hijacking",
      risk: "A session's id serves somebody else, who injects messages or reads along",
      does: "A session is in its id, sealed for its client, and worth nothing with another key. Streams and what is asked of a client are its own.",
      shownBy: [
        "test/server/mcp/sessions.test.ts › is worth nothing to another client, for another purpose, or changed",
        "test/server/mcp/sessions.test.ts › opens at once, for its client alone",
        "test/server/mcp/web-socket/conversation.test.ts › what is asked of one client no other can answer",
        attacked("web pages that reach a server without keys, on every route"),
      ],
    },
  ],
};
