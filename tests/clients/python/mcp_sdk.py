"""The official MCP SDK for Python, unmodified, through the gate with a token from the emulator.

Lists and calls the tools, in both of the SDK's ways to begin. Then without a token, and with a token for Microsoft
Graph: the gate refuses, and says by which check. The one argument is the file that `up --ready-file` writes.

proves: gate, mcp
"""

import asyncio
import contextlib
import importlib.metadata
import json
import ssl

import httpx2
from mcp import Client, ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from lab import Lab

TOOLS = ["get_alerts", "get_forecast", "get_stockprice"]


class Answers(list):
    """An HTTP client for the SDK that trusts the lab's CA, sends a bearer token, and notes the answers."""

    def __init__(self, lab, token):
        super().__init__()
        self.client = httpx2.AsyncClient(
            verify=ssl.create_default_context(cafile=lab.ca),
            headers={"Authorization": f"Bearer {token}"} if token else {},
            event_hooks={"response": [self._note]},
            timeout=30,
            trust_env=False,
        )

    async def _note(self, answer):
        self.append(answer)


@contextlib.asynccontextmanager
async def session(lab, answers):
    """A session that has not begun."""
    async with answers.client as client, streamable_http_client(lab.mcp, http_client=client) as streams:
        async with ClientSession(*streams) as session:
            yield session


def text(result):
    assert not result.is_error, result
    [content] = result.content
    return content.text


async def calls_the_tools(lab, token):
    """`initialize` first, as every client did until 2026."""
    async with session(lab, Answers(lab, token)) as mcp:
        begun = await mcp.initialize()
        assert begun.server_info.name == "mcpserver", begun
        tools = (await mcp.list_tools()).tools
        assert sorted(tool.name for tool in tools) == TOOLS, tools
        price = json.loads(text(await mcp.call_tool("get_stockprice", {"ticker_symbol": "TSLA"})))
        assert "TSLA" in json.dumps(price), price
        forecast = text(await mcp.call_tool("get_forecast", {"latitude": 47.6, "longitude": -122.3}))
        assert "Temperature" in forecast, forecast
        return begun.protocol_version


async def is_refused(lab, token, check):
    """The SDK says only that there was an error; the answer is a 401, and the trace names the check."""
    answers = Answers(lab, token)
    async with session(lab, answers) as mcp:
        try:
            await mcp.initialize()
        except MCPError as error:
            assert "error response" in str(error), error
        else:
            raise AssertionError("the gate let the session begin")
    [answer] = answers
    assert answer.status_code == 401, answer
    assert answer.headers["www-authenticate"].startswith("Bearer realm="), answer.headers
    last = lab.browser.get(lab.page + "/trace.json").json()[-1]
    refused = [result["check"] for result in last["checks"] if result["outcome"] == "refused"]
    assert last["to"] == "gate" and refused == [check], last


async def main():
    lab = Lab()
    app = "copilot-studio-client"
    redirect_uri = lab.apps[app]["redirect_uris"][0]
    scope = lab.scope("streamable-mcp-server2", ".default")
    token = lab.sign_in(lab.application(app), [scope], redirect_uri)["access_token"]
    version = await calls_the_tools(lab, token)
    answers = Answers(lab, token)
    async with answers.client as http, Client(streamable_http_client(lab.mcp, http_client=http)) as client:
        assert sorted(tool.name for tool in (await client.list_tools()).tools) == TOOLS

    await is_refused(lab, None, "authorization.present")
    for_graph = lab.sign_in(lab.application(app), ["email"], redirect_uri)
    # only Microsoft Graph can check the signature of a token for it
    await is_refused(lab, for_graph["access_token"], "token.signature")
    print("MCP SDK for Python", importlib.metadata.version("mcp"), "called the tools through the gate, speaking", version)


asyncio.run(main())
