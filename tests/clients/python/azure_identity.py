"""azure-identity, unmodified, with its authority on localhost: by code, secret, certificate, and on behalf of a user.

Then a wrong secret, and a tenant that does not exist. The one argument is the file that `up --ready-file` writes.

proves: authorization_code, client_credentials.v2, client_assertion.rs256, on_behalf_of
"""

import importlib.metadata
import pathlib

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AuthorizationCodeCredential,
    CertificateCredential,
    ClientSecretCredential,
    OnBehalfOfCredential,
)

from lab import Lab, claims_of


def main():
    lab = Lab()
    app = lab.apps["web-shop"]
    redirect_uri = app["redirect_uris"][0]
    scope = lab.scope("orders-api", "Orders.Read")
    settings = {
        "authority": lab.idp,
        "disable_instance_discovery": True,
        "connection_verify": lab.ca,
    }

    def code():
        url = (
            f"{lab.authority}/oauth2/v2.0/authorize?client_id={app['client_id']}&response_type=code"
            f"&redirect_uri={redirect_uri}&scope=offline_access%20{scope}"
        )
        return lab.browser.sign_in(url, redirect_uri)["code"]

    def credential(tenant=lab.tenant, secret=app["client_secret"]):
        return AuthorizationCodeCredential(
            tenant, app["client_id"], code(), redirect_uri, client_secret=secret, **settings
        )

    signed_in = credential()
    token = signed_in.get_token(scope)
    assert token.token.count(".") == 2 and token.expires_on, token
    assert signed_in.get_token(scope).token == token.token, "the second comes from the cache"

    daemon = lab.apps["shop-daemon"]
    everything = lab.scope("orders-api", ".default")
    pem = pathlib.Path(__file__).parents[1].joinpath("public-test-client.pem").read_bytes()
    for itself, proof in (
        (ClientSecretCredential(lab.tenant, daemon["client_id"], daemon["client_secret"], **settings), "1"),
        (CertificateCredential(lab.tenant, daemon["client_id"], certificate_data=pem, **settings), "2"),
    ):
        claims = claims_of(itself.get_token(everything).token)
        assert claims["roles"] == ["Orders.Manage"] and claims["azpacr"] == proof, claims
    api = lab.apps["orders-api"]
    on_behalf_of = OnBehalfOfCredential(
        lab.tenant, api["client_id"], client_secret=api["client_secret"], user_assertion=token.token, **settings
    )
    claims = claims_of(on_behalf_of.get_token("https://graph.microsoft.com/User.Read").token)
    assert claims["appid"] == api["client_id"] and claims["upn"] == lab.user["username"], claims

    for refused, number in ((credential(secret="not-the-secret"), "AADSTS7000215"), (credential("nobody.example"), "AADSTS90002")):
        try:
            refused.get_token(scope)
        except ClientAuthenticationError as error:
            assert number in error.message, error.message
        else:
            raise AssertionError(f"{number} was expected")
    print("azure-identity", importlib.metadata.version("azure-identity"), "by code, secret and certificate, and on behalf of a user")


main()
