"""MSAL for Python, unmodified, under `entralab exec`: the authority of its own documentation, and no setting besides.

It asks the cloud whether the authority is one of its own, as it does unless it is told not to. A person signs in by code,
and silently again, and in the browser that MSAL opens; the
application gets a token of its own. Then a wrong secret, and an authority outside the lab.

proves: instance_discovery, host_wired_in
"""

import msal
import requests

from lab import Lab, claims


def main():
    lab = Lab()
    shop = lab.apps["web-shop"]
    authority = f"https://login.microsoftonline.com/{lab.tenant}"

    def application(authority=authority, secret=shop["client_secret"]):
        return msal.ConfidentialClientApplication(shop["client_id"], client_credential=secret, authority=authority)

    app = application()
    scopes = [lab.scope("orders-api", "Orders.Read")]
    result = lab.sign_in(app, scopes, shop["redirect_uris"][0])
    assert result["id_token_claims"]["iss"] == f"{authority}/v2.0", result
    [account] = app.get_accounts()
    assert account["environment"] == "login.microsoftonline.com", account
    assert app.acquire_token_silent(scopes, account)["access_token"] == result["access_token"]

    own = application(f"https://login.windows.net/{lab.tenant}").acquire_token_for_client(
        [lab.scope("orders-api", ".default")]
    )
    assert claims(own["access_token"])["azp"] == shop["client_id"], own

    # it opens the browser that exec gave it, and waits on a port of its own
    cli = msal.PublicClientApplication(lab.client_id("shop-cli"), authority=authority)
    opened = cli.acquire_token_interactive(scopes, timeout=20)
    assert opened.get("id_token_claims", {}).get("preferred_username") == lab.user["username"], opened

    refused = application(secret="not-the-secret").acquire_token_for_client([lab.scope("orders-api", ".default")])
    assert refused["error"] == "invalid_client" and refused["error_codes"] == [7000215], refused
    try:
        application(f"https://login.partner.microsoftonline.cn/{lab.tenant}")
    except requests.exceptions.ProxyError as error:
        assert "login.partner.microsoftonline.cn:443 is not in this lab" in str(error), error
    else:
        raise AssertionError("another cloud answered")
    print("MSAL for Python", msal.__version__, "in cloud names: no setting of its own")


main()
