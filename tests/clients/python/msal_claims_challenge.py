"""MSAL for Python, unmodified, meets Conditional Access: a claims challenge sends the person to the second factor.

The one argument is the file that `up --ready-file` writes.

proves: conditional_access, claims_challenge, authentication_context, multifactor
"""

import json

import msal

from lab import Lab, claims_of


def main():
    lab = Lab()
    scopes = [lab.scope("orders-api", "Orders.Read")]
    redirect_uri = lab.apps["web-shop"]["redirect_uris"][0]
    app = lab.application("web-shop")
    result = lab.sign_in(app, scopes, redirect_uri)
    assert "acrs" not in claims_of(result["access_token"]), result
    [account] = app.get_accounts()

    # an API asks for the authentication context c1, and no refresh can give it
    challenge = json.dumps({"access_token": {"acrs": {"essential": True, "value": "c1"}}})
    refused = app.acquire_token_silent_with_error(scopes, account, claims_challenge=challenge)
    assert refused["error_codes"] == [50076] and refused["classification"] == "basic_action", refused
    assert "c1" in refused["claims"], refused

    stepped_up = lab.sign_in(app, scopes, redirect_uri, claims_challenge=refused["claims"])
    assert claims_of(stepped_up["access_token"])["acrs"] == ["c1"], stepped_up
    print("MSAL for Python", msal.__version__, "brought a claims challenge to the second factor")


main()
