"""fastapi-azure-auth, unmodified, under `entralab exec`: its authority is built in, and cannot be set.

It fetches the tenant's keys from login.microsoftonline.com, lets a signed-in person in, and refuses a token for another
audience, and one without the scope, in its own words.

proves: discovery.v2, keys, access_token.v2, host_wired_in
"""

import importlib.metadata

import msal
from fastapi import FastAPI, Security
from fastapi.testclient import TestClient
from fastapi_azure_auth import SingleTenantAzureAuthorizationCodeBearer
from fastapi_azure_auth.user import User

from lab import Lab


def protected(lab):
    """An API as its users write it."""
    azure = SingleTenantAzureAuthorizationCodeBearer(
        app_client_id=lab.client_id("orders-api"),
        tenant_id=lab.tenant,
        scopes={lab.scope("orders-api", "Orders.Read"): "Read your orders"},
    )
    app = FastAPI()

    @app.get("/orders")
    async def orders(user: User = Security(azure, scopes=["Orders.Read"])):
        return {"of": user.preferred_username, "by": user.azp}

    @app.get("/hours", dependencies=[Security(azure)])
    async def hours():
        return "always open"

    return app


def main():
    lab = Lab()
    shop = lab.apps["web-shop"]
    application = msal.ConfidentialClientApplication(
        shop["client_id"], client_credential=shop["client_secret"], authority=lab.authority
    )
    signed_in = lab.sign_in(application, [lab.scope("orders-api", "Orders.Read")], shop["redirect_uris"][0])
    assert "access_token" in signed_in, signed_in
    of_the_shop = application.acquire_token_for_client([lab.scope("orders-api", ".default")])
    assert "access_token" in of_the_shop, of_the_shop

    with TestClient(protected(lab)) as client:

        def call(token, path="/orders"):
            answer = client.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})
            return answer.status_code, answer.json()

        status, said = call(signed_in["access_token"])
        assert (status, said) == (200, {"of": lab.user["username"], "by": shop["client_id"]}), (status, said)
        for token, path, expected, words in (
            (None, "/hours", 401, "Not authenticated"),
            (signed_in["id_token"], "/hours", 401, "Token contains invalid claims"),
            (of_the_shop["access_token"], "/orders", 403, "Required scope missing"),
        ):
            status, said = call(token, path)
            assert status == expected and words in str(said), (path, status, said)
    version = importlib.metadata.version("fastapi-azure-auth")
    print("fastapi-azure-auth", version, "in cloud names: let the person in, and two tokens not")


main()
