"""MSAL for Python, unmodified, as the public client `shop-cli`: device code, with a person at the real page.

The one argument is the file that `up --ready-file` writes.

proves: device_code
"""

import msal

from lab import Lab


def main():
    lab = Lab()
    scopes = [lab.scope("orders-api", "Orders.Read")]
    app = lab.public_application("shop-cli")

    flow = app.initiate_device_flow(scopes)
    assert flow["verification_uri"] == lab.idp + "/devicelogin", flow
    assert flow["user_code"] in flow["message"] and len(flow["user_code"]) == 9, flow
    waiting = app.acquire_token_by_device_flow(flow, exit_condition=lambda flow: True)
    assert waiting["error"] == "authorization_pending" and waiting["error_codes"] == [70016], waiting
    let_in(lab, flow)
    result = app.acquire_token_by_device_flow(flow)
    assert "access_token" in result, result
    assert result["id_token_claims"]["preferred_username"] == lab.user["username"], result["id_token_claims"]
    [account] = app.get_accounts()
    refreshed = app.acquire_token_silent_with_error(scopes, account, force_refresh=True)
    assert refreshed["access_token"] != result["access_token"], refreshed

    declined = app.initiate_device_flow(scopes)
    let_in(lab, declined, button="idBtn_Back")
    refused = app.acquire_token_by_device_flow(declined)
    assert refused["error"] == "authorization_declined", refused

    # a confidential client that sends no secret: its users know this one
    forgetful = lab.public_application("web-shop")
    flow = forgetful.initiate_device_flow(scopes)
    let_in(lab, flow)
    refused = forgetful.acquire_token_by_device_flow(flow)
    assert refused["error"] == "invalid_client" and refused["error_codes"] == [7000218], refused
    print("MSAL for Python", msal.__version__, "signed in by device code, and was refused as it should be")


def let_in(lab, flow, button="idSIButton9"):
    """The person opens the address that the device tells, types the code and signs in, or presses Cancel."""
    page = lab.browser.get(flow["verification_uri"])
    action, fields = lab.browser.form(page, {"otc": flow["user_code"]})
    page = lab.browser.post(action, data=fields)
    action, fields = lab.browser.form(page)
    if button == "idBtn_Back":
        fields["decision"] = "cancel"
    page = lab.browser.post(action, data=fields)
    assert "You may now close this window" in page.text, page.text


main()
