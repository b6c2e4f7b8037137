"""MSAL for Python, unmodified, as `copilot-studio-client` against a running lab.

Signs in by code and PKCE through the real pages, refreshes, and calls the gate. Then the same client with a wrong
secret gets the error that its users know. The one argument is the file that `up --ready-file` writes.
"""

import html.parser
import json
import os
import sys
import urllib.parse

import msal
import requests


class Forms(html.parser.HTMLParser):
    """The forms of a page: action, method, inputs and buttons."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"action": attributes.get("action", ""), "fields": {}, "buttons": {}})
        elif tag in ("input", "button") and self.forms:
            form = self.forms[-1]
            if tag == "button" or attributes.get("type") == "submit":
                form["buttons"][attributes.get("id")] = (attributes.get("name"), attributes.get("value", ""))
            elif attributes.get("name") and attributes.get("type") != "checkbox":
                form["fields"][attributes["name"]] = attributes.get("value", "")


def sign_in(browser, url, redirect_uri, user):
    """Follows the pages from `url` as a person would, and stops at the redirect, whose parameters it returns."""
    answer = browser.get(url, allow_redirects=False)
    for _ in range(10):
        if answer.is_redirect:
            target = urllib.parse.urljoin(answer.url, answer.headers["location"])
            if target.startswith(redirect_uri):
                return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
            answer = browser.get(target, allow_redirects=False)
            continue
        form = next(form for form in Forms(answer.text).forms if "idSIButton9" in form["buttons"])
        fields = dict(form["fields"])
        if "loginfmt" in fields:
            fields |= {"loginfmt": user["username"], "passwd": user["password"]}
        name, value = form["buttons"]["idSIButton9"]
        if name:
            fields[name] = value
        answer = browser.post(urllib.parse.urljoin(answer.url, form["action"]), data=fields, allow_redirects=False)
    raise AssertionError("the pages never led back to the redirect URI")


def main():
    lab = json.load(open(sys.argv[1], encoding="utf-8"))
    os.environ["REQUESTS_CA_BUNDLE"] = lab["ca"]  # where it is set, requests believes it more than `verify`
    client, server = lab["apps"]["copilot-studio-client"], lab["apps"]["streamable-mcp-server2"]
    user = next(user for user in lab["users"] if user["username"].startswith("megan"))
    browser = requests.Session()
    browser.verify = lab["ca"]
    browser.trust_env = False

    def application(secret):
        return msal.ConfidentialClientApplication(
            client["client_id"],
            client_credential=secret,
            authority=f"{lab['idp']}/{lab['tenant']}",
            instance_discovery=False,
            verify=lab["ca"],
        )

    redirect_uri, scopes = client["redirect_uris"][0], [server["identifier_uri"] + "/.default"]
    app = application(client["client_secret"])
    flow = app.initiate_auth_code_flow(scopes, redirect_uri=redirect_uri)
    assert "code_challenge=" in flow["auth_uri"], flow["auth_uri"]
    result = app.acquire_token_by_auth_code_flow(flow, sign_in(browser, flow["auth_uri"], redirect_uri, user))
    assert "access_token" in result, result
    assert result["id_token_claims"]["preferred_username"] == user["username"], result["id_token_claims"]

    [account] = app.get_accounts()
    assert account["username"] == user["username"], account
    cached = app.acquire_token_silent(scopes, account)
    assert cached["access_token"] == result["access_token"], "a fresh token comes from the cache"
    refreshed = app.acquire_token_silent_with_error(scopes, account, force_refresh=True)
    assert refreshed and "access_token" in refreshed, refreshed
    assert refreshed["access_token"] != result["access_token"], "force_refresh brings a new token"

    def call(token, body):
        headers = {"Accept": "application/json, text/event-stream"}
        if token:
            headers["Authorization"] = "Bearer " + token
        return browser.post(lab["mcp"], json=body, headers=headers)

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

    wrong = application("not-the-secret")
    flow = wrong.initiate_auth_code_flow(scopes, redirect_uri=redirect_uri)
    refused = wrong.acquire_token_by_auth_code_flow(flow, sign_in(browser, flow["auth_uri"], redirect_uri, user))
    assert refused.get("error") == "invalid_client" and refused.get("error_codes") == [7000215], refused
    print("MSAL for Python", msal.__version__, "signed in, refreshed and called the gate")


main()
