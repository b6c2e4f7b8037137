"""MSAL for Python, unmodified, as `copilot-studio-client` against a running lab.

Signs in by code and PKCE through the real pages, refreshes, and calls the gate. Then the same client with a wrong
secret gets the error that its users know. The one argument is the file that `up --ready-file` writes.

proves: authorization_code, pkce, refresh_token, client_info, gate
"""

import msal

from lab import Lab


def main():
    lab = Lab()
    client = "copilot-studio-client"
    scopes = [lab.scope("streamable-mcp-server2", ".default")]
    redirect_uri = lab.apps[client]["redirect_uris"][0]
    app = lab.application(client)
    result = lab.sign_in(app, scopes, redirect_uri)
    assert "access_token" in result, result
    assert result["id_token_claims"]["preferred_username"] == lab.user["username"], result["id_token_claims"]

    [account] = app.get_accounts()
    assert account["username"] == lab.user["username"], account
    cached = app.acquire_token_silent(scopes, account)
    assert cached["access_token"] == result["access_token"], "a fresh token comes from the cache"
    refreshed = app.acquire_token_silent_with_error(scopes, account, force_refresh=True)
    assert refreshed and "access_token" in refreshed, refreshed
    assert refreshed["access_token"] != result["access_token"], "force_refresh brings a new token"

    def call(token, body):
        headers = {"Accept": "application/json, text/event-stream"}
        if token:
            headers["Authorization"] = "Bearer " + token
        return lab.browser.post(lab.mcp, json=body, headers=headers)

    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    assert call(None, listing).status_code == 401
    for token in (result["access_token"], refreshed["access_token"]):
        answer = call(token, listing)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        assert "get_stockprice" in [tool["name"] for tool in answer.json()["result"]["tools"]]
    price = call(
        refreshed["access_token"],
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "get_stockprice", "arguments": {"ticker_symbol": "TSLA"}},
        },
    ).json()
    assert "TSLA" in price["result"]["content"][0]["text"], price

    refused = lab.sign_in(lab.application(client, "not-the-secret"), scopes, redirect_uri)
    assert refused.get("error") == "invalid_client" and refused.get("error_codes") == [7000215], refused
    print("MSAL for Python", msal.__version__, "signed in, refreshed and called the gate")


main()
