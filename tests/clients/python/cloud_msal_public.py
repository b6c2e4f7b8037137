"""MSAL for Python, unmodified, under `entralab exec`, as the public client `shop-cli`: a name and a password, for which it
asks the user realm first; and device code at the address that Microsoft's documentation tells. Then a wrong password.

proves: password, device_code, userrealm, host_wired_in
"""

import msal

from lab import Lab


def main():
    lab = Lab()
    scopes = [lab.scope("orders-api", "Orders.Read")]
    authority = f"https://login.microsoftonline.com/{lab.tenant}"
    app = msal.PublicClientApplication(lab.client_id("shop-cli"), authority=authority)

    result = app.acquire_token_by_username_password(lab.user["username"], lab.user["password"], scopes)
    assert result.get("id_token_claims", {}).get("preferred_username") == lab.user["username"], result
    refused = app.acquire_token_by_username_password(lab.user["username"], "not-the-password", scopes)
    assert refused["error"] == "invalid_grant" and refused["error_codes"] == [50126], refused

    flow = app.initiate_device_flow(scopes)
    assert flow["verification_uri"] == "https://microsoft.com/devicelogin", flow
    page = lab.browser.get(flow["verification_uri"])
    action, fields = lab.browser.form(page, {"otc": flow["user_code"]})
    action, fields = lab.browser.form(lab.browser.post(action, data=fields))
    assert "You may now close this window" in lab.browser.post(action, data=fields).text
    result = app.acquire_token_by_device_flow(flow)
    assert result.get("id_token_claims", {}).get("preferred_username") == lab.user["username"], result
    print("MSAL for Python", msal.__version__, "in cloud names: by password and by device code")


main()
