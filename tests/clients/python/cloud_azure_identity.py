"""azure-identity, unmodified and with no setting, under `entralab exec --app web-shop`: it believes in the cloud.

The default credential and a client secret bring tokens for an API; a person's code does too. Then a wrong secret, and the
managed identity of a virtual machine that there is not.

proves: client_credentials.v2, instance_discovery, host_wired_in
"""

import importlib.metadata
import time

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AuthorizationCodeCredential,
    ClientSecretCredential,
    CredentialUnavailableError,
    DefaultAzureCredential,
    ManagedIdentityCredential,
)

from lab import Lab, claims


def main():
    lab = Lab()
    app = lab.apps["web-shop"]
    scope = lab.scope("orders-api", ".default")

    with DefaultAzureCredential() as credential:
        said = claims(credential.get_token(scope).token)
    assert said["iss"] == f"https://login.microsoftonline.com/{lab.tenant}/v2.0", said
    assert said["aud"] == lab.client_id("orders-api") and said["azp"] == app["client_id"], said

    credential = ClientSecretCredential(lab.tenant, app["client_id"], app["client_secret"])
    token = credential.get_token(scope)
    assert credential.get_token(scope).token == token.token, "the second comes from the cache"

    redirect_uri = app["redirect_uris"][0]
    delegated = lab.scope("orders-api", "Orders.Read")
    url = (
        f"{lab.authority}/oauth2/v2.0/authorize?client_id={app['client_id']}&response_type=code"
        f"&redirect_uri={redirect_uri}&scope=offline_access%20{delegated}"
    )
    code = lab.browser.sign_in(url, redirect_uri)["code"]
    person = AuthorizationCodeCredential(
        lab.tenant, app["client_id"], code, redirect_uri, client_secret=app["client_secret"]
    )
    assert claims(person.get_token(delegated).token)["scp"] == "Orders.Read"

    try:
        ClientSecretCredential(lab.tenant, app["client_id"], "not-the-secret").get_token(scope)
    except ClientAuthenticationError as error:
        assert "AADSTS7000215" in error.message, error.message
    else:
        raise AssertionError("a wrong secret was taken")

    begun = time.monotonic()
    try:
        ManagedIdentityCredential().get_token(scope)
    except CredentialUnavailableError:
        assert time.monotonic() - begun < 5, "it knows at once that it runs on no virtual machine"
    else:
        raise AssertionError("there is no managed identity here")
    print("azure-identity", importlib.metadata.version("azure-identity"), "in cloud names: no setting of its own")


main()
