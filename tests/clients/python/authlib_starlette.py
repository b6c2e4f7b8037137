"""Authlib, unmodified, as the sign-in of a Starlette application (FastAPI's and Streamlit's too).

Registered by the tenant's own metadata URL it signs in, verifies the id token and refreshes. Registered by the one of
/common it refuses the token's issuer, as its users know. The one argument is the file that `up --ready-file` writes.

proves: authorization_code, pkce, refresh_token, discovery.v2, keys
"""

import asyncio
import importlib.metadata

import httpx
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.starlette_client import OAuth
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from lab import Lab


def shop(lab, authority):
    """An application that signs people in with what it finds at `authority`."""
    oauth = OAuth()
    oauth.register(
        "entra",
        client_id=lab.client_id("web-shop"),
        client_secret=lab.apps["web-shop"]["client_secret"],
        server_metadata_url=f"{authority}/v2.0/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email offline_access " + lab.scope("orders-api", "Orders.Read"),
            "code_challenge_method": "S256",
        },
    )

    async def login(request):
        return await oauth.entra.authorize_redirect(request, lab.apps["web-shop"]["redirect_uris"][0])

    async def signed_in(request):
        return JSONResponse(await oauth.entra.authorize_access_token(request))

    return Starlette(
        routes=[Route("/login", login), Route("/signin-oidc", signed_in)],
        middleware=[Middleware(SessionMiddleware, secret_key="only for this script")],
    )


async def sign_in(lab, authority):
    """The token that the application got for the person."""
    redirect_uri = lab.apps["web-shop"]["redirect_uris"][0]
    transport = httpx.ASGITransport(shop(lab, authority))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5000") as visitor:
        sent = await visitor.get("/login")
        answer = lab.browser.sign_in(sent.headers["location"], redirect_uri)
        return (await visitor.get("/signin-oidc", params=answer)).json()


async def main():
    lab = Lab()
    token = await sign_in(lab, lab.authority)
    assert token["userinfo"]["preferred_username"] == lab.user["username"], token
    assert token["userinfo"]["iss"] == f"{lab.authority}/v2.0", token

    app = lab.apps["web-shop"]
    async with AsyncOAuth2Client(app["client_id"], app["client_secret"], token=token) as client:
        refreshed = await client.refresh_token(f"{lab.authority}/oauth2/v2.0/token")
    assert refreshed["access_token"] != token["access_token"]

    try:
        await sign_in(lab, f"{lab.idp}/organizations")
    except Exception as error:
        # a single-tenant application at /organizations ends on a page; a template's issuer is refused by the library
        assert "AADSTS50194" in str(error) or "iss" in str(error), error
    else:
        raise AssertionError("Authlib took the metadata of /organizations")
    print("Authlib", importlib.metadata.version("Authlib"), "signed in by a Starlette application, and refreshed")


asyncio.run(main())
