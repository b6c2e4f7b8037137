"""azure-identity, unmodified, with its authority on localhost: an authorization code becomes tokens, silently renewed.

Then a wrong secret, and a tenant that does not exist. The one argument is the file that `up --ready-file` writes.
"""

import importlib.metadata

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AuthorizationCodeCredential

from lab import Lab


def main():
    lab = Lab()
    app = lab.apps["web-shop"]
    redirect_uri = app["redirect_uris"][0]
    scope = lab.scope("orders-api", "Orders.Read")
    settings = {
        "authority": lab.idp,
        "disable_instance_discovery": True,
        "connection_verify": lab.ca,
        "redirect_uri": redirect_uri,
    }

    def code():
        url = (
            f"{lab.authority}/oauth2/v2.0/authorize?client_id={app['client_id']}&response_type=code"
            f"&redirect_uri={redirect_uri}&scope=offline_access%20{scope}"
        )
        return lab.browser.sign_in(url, redirect_uri)["code"]

    def credential(tenant=lab.tenant, secret=app["client_secret"]):
        return AuthorizationCodeCredential(
            tenant, app["client_id"], code(), client_secret=secret, **settings
        )

    signed_in = credential()
    token = signed_in.get_token(scope)
    assert token.token.count(".") == 2 and token.expires_on, token
    assert signed_in.get_token(scope).token == token.token, "the second comes from the cache"

    for refused, number in ((credential(secret="not-the-secret"), "AADSTS7000215"), (credential("nobody.example"), "AADSTS90002")):
        try:
            refused.get_token(scope)
        except ClientAuthenticationError as error:
            assert number in error.message, error.message
        else:
            raise AssertionError(f"{number} was expected")
    print("azure-identity", importlib.metadata.version("azure-identity"), "redeemed a code")


main()
