"""fastmcp's AzureProvider, unmodified, guards an MCP server that trusts the emulator.

fastmcp's own client connects: it registers at the server, the server sends the person to the emulator, checks the
token that it gets there (issuer, keys, audience, scope) and lets the tool be called. Then the same server asks for a
scope that its API does not have, and next takes the tokens of another issuer. The one argument is the file that
`up --ready-file` writes.

proves: authorization_code, keys, access_token.v2
"""

import asyncio
import contextlib
import importlib.metadata
import socket
import threading
import urllib.parse
import webbrowser

import uvicorn
from fastmcp import Client, FastMCP
from fastmcp.client.auth import OAuth
from fastmcp.server.auth.providers.azure import AzureProvider
from fastmcp.server.dependencies import get_access_token
from key_value.aio.stores.memory import MemoryStore

from lab import Browser, Lab


class Person(webbrowser.BaseBrowser):
    """The default browser of this process: whatever is opened, the person signs in there."""

    def __init__(self, lab):
        super().__init__()
        self.lab = lab
        self.ended = None

    def open(self, url, new=0, autoraise=True):
        threading.Thread(target=self._visit, args=(url,), daemon=True).start()
        return True

    def _visit(self, url):
        browser = Browser(self.lab.ca, self.lab.user)
        answer = browser.get(url, allow_redirects=False)
        while True:
            if answer.is_redirect:
                target = urllib.parse.urljoin(answer.url, answer.headers["location"])
                answer = browser.get(target, allow_redirects=False)
            elif "idSIButton9" in answer.text:
                action, fields = browser.form(answer)
                answer = browser.post(action, data=fields, allow_redirects=False)
            else:
                self.ended = answer.text
                return


@contextlib.asynccontextmanager
async def served(lab, **settings):
    """The URL of an MCP server with one tool, behind AzureProvider."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    guard = AzureProvider(
        client_id=lab.client_id("orders-api"),
        client_secret=lab.apps["orders-api"]["client_secret"],
        tenant_id=lab.tenant,
        base_url=f"http://localhost:{port}",
        base_authority=urllib.parse.urlsplit(lab.idp).netloc,
        client_storage=MemoryStore(),
        require_authorization_consent=False,
        **{"required_scopes": ["Orders.Read"], **settings},
    )
    mcp = FastMCP("orders", auth=guard)

    @mcp.tool
    def whose_orders() -> str:
        """Says whose orders they are."""
        return get_access_token().claims["preferred_username"]

    server = uvicorn.Server(uvicorn.Config(mcp.http_app(), host="localhost", port=port, log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://localhost:{port}/mcp"
    finally:
        server.should_exit = True
        await serving


async def called(url):
    async with Client(url, auth=OAuth(callback_timeout=5)) as client:
        return (await client.call_tool("whose_orders")).data


async def main():
    lab = Lab()
    person = Person(lab)
    webbrowser.register("person", None, person, preferred=True)
    async with served(lab) as url:
        assert await called(url) == lab.user["username"]

    async with served(lab, required_scopes=["Orders.Write"]) as url:
        try:
            await called(url)
        except Exception as error:
            seen = f"{error!r} {person.ended}"
            assert "AADSTS650053" in seen or "invalid_client" in seen, seen
        else:
            raise AssertionError("a scope that the API does not have was granted")
    async with served(lab, token_issuer="https://login.example/other/v2.0") as url:
        try:
            await called(url)
        except Exception as error:
            assert "error response" in repr(error), repr(error)  # all that a client is told of the 401
        else:
            raise AssertionError("a token of another issuer was taken")
    print("fastmcp", importlib.metadata.version("fastmcp"), "let AzureProvider guard a tool with the emulator's tokens")


asyncio.run(main())
