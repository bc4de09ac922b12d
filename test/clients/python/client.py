"""Uses an MCP server with a client library for Python, as a program would, and prints what it got as one line of JSON.

Arguments: mcp or fastmcp; how the client negotiates (legacy, auto or a revision); what to ask for, as JSON. The variables
URL and KEY say of whom, and as whom.
"""

import asyncio
import json
import os
import sys

HEADERS = {"X-API-Key": os.environ["KEY"]}


async def with_mcp(url, mode, wanted):
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(headers=HEADERS) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            called = await client.call_tool(wanted["tool"], wanted["arguments"])
            refused = await client.call_tool(wanted["tool"], {})
            prompt = await client.get_prompt(wanted["prompt"], wanted["promptArguments"])
            return {
                "version": client.protocol_version,
                "tools": [each.name for each in (await client.list_tools()).tools],
                "resources": [str(each.uri) for each in (await client.list_resources()).resources],
                "templates": [each.uri_template for each in (await client.list_resource_templates()).resource_templates],
                "prompts": [each.name for each in (await client.list_prompts()).prompts],
                "called": called.structured_content,
                "refused": refused.is_error,
                "read": (await client.read_resource(wanted["resource"])).contents[0].text,
                "prompt": prompt.messages[0].content.text,
            }


async def with_fastmcp(url, mode, wanted):
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport

    async with Client(StreamableHttpTransport(url, headers=HEADERS), mode=mode) as client:
        called = await client.call_tool(wanted["tool"], wanted["arguments"])
        refused = await client.call_tool(wanted["tool"], {}, raise_on_error=False)
        prompt = await client.get_prompt(wanted["prompt"], wanted["promptArguments"])
        return {
            "version": client.protocol_version,
            "tools": [each.name for each in await client.list_tools()],
            "resources": [str(each.uri) for each in await client.list_resources()],
            "templates": [each.uri_template for each in await client.list_resource_templates()],
            "prompts": [each.name for each in await client.list_prompts()],
            "called": called.structured_content,
            "refused": refused.is_error,
            "read": (await client.read_resource(wanted["resource"]))[0].text,
            "prompt": prompt.messages[0].content.text,
        }


def leaves(error):
    """The errors in a group of errors."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in leaves(each)]
    return [error]


library, mode, wanted = sys.argv[1:]
use = {"mcp": with_mcp, "fastmcp": with_fastmcp}[library]
try:
    result = asyncio.run(use(os.environ["URL"], mode, json.loads(wanted)))
except Exception as error:
    result = {"errors": [f"{type(leaf).__name__}: {leaf}" for leaf in leaves(error)]}
print(json.dumps(result))
