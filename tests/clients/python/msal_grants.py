"""MSAL for Python, unmodified, as the application itself (by secret and by certificate) and on behalf of its caller.

Each with what its users know when the setup is wrong. The one argument is the file that `up --ready-file` writes.

proves: client_credentials.v2, client_assertion.rs256, client_assertion.ps256, client_secret_post, on_behalf_of
"""

import hashlib
import json
import pathlib

import msal
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab import Lab, claims_of

GRAPH = "https://graph.microsoft.com/User.Read"


def for_the_application_itself(lab):
    """client_credentials: by secret, and by certificate with both of its thumbprints."""
    everything = [lab.scope("orders-api", ".default")]
    pem = pathlib.Path(__file__).parents[1].joinpath("public-test-client.pem").read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    certificate = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    der = certificate.public_bytes(serialization.Encoding.DER)
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    by_sha1 = {"private_key": private_key, "thumbprint": hashlib.sha1(der).hexdigest()}
    by_sha256 = {
        "private_key": private_key,
        "public_certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }
    for credential, proof in ((None, "1"), (by_sha1, "2"), (by_sha256, "2")):
        result = lab.application("shop-daemon", credential).acquire_token_for_client(everything)
        assert "access_token" in result, result
        assert "refresh_token" not in result and "id_token" not in result, result
        claims = claims_of(result["access_token"])
        assert claims["roles"] == ["Orders.Manage"] and "scp" not in claims, claims
        assert claims["azpacr"] == proof and claims["oid"] == claims["sub"], claims

    stranger = {**by_sha1, "thumbprint": "0" * 40}
    for refused, scopes, number in (
        (lab.application("shop-daemon", "not-the-secret"), everything, 7000215),
        (lab.application("shop-daemon", stranger), everything, 700027),
        (lab.application("shop-daemon"), [lab.scope("orders-api", "Orders.Read")], 1002012),
    ):
        result = refused.acquire_token_for_client(scopes)
        assert result["error_codes"] == [number], result


def on_behalf_of_a_user(lab):
    """The API calls Microsoft Graph as the person who called it."""
    redirect_uri = lab.apps["web-shop"]["redirect_uris"][0]
    signed_in = lab.sign_in(lab.application("web-shop"), [lab.scope("orders-api", "Orders.Read")], redirect_uri)
    api = lab.application("orders-api")
    result = api.acquire_token_on_behalf_of(signed_in["access_token"], [GRAPH])
    assert "access_token" in result, result
    claims = claims_of(result["access_token"])
    assert claims["appid"] == lab.client_id("orders-api"), claims
    assert claims["upn"] == lab.user["username"] and "User.Read" in claims["scp"].split(), claims

    for_graph = lab.sign_in(lab.application("web-shop"), [GRAPH], redirect_uri)["access_token"]
    refused = lab.application("orders-api").acquire_token_on_behalf_of(for_graph, [GRAPH])
    assert refused["error"] == "invalid_grant", refused
    assert set(refused["error_codes"]) & {50013, 500131}, refused


def main():
    lab = Lab()
    for_the_application_itself(lab)
    on_behalf_of_a_user(lab)
    print("MSAL for Python", msal.__version__, "by secret, by certificate, and on behalf of a user")


main()
