"""What the scripts of this folder share: a running lab, and a person who signs in at its real pages."""

import base64
import base64
import html.parser
import json
import os
import re
import sys
import urllib.parse

import msal
import requests


class Lab:
    """The lab that a file tells of: the script's argument, which `up --ready-file` wrote, or that of `exec`."""

    def __init__(self):
        with open(sys.argv[1] if sys.argv[1:] else os.environ["ENTRALAB_LAB_FILE"], encoding="utf-8") as file:
            ready = json.load(file)
        self.idp, self.tenant, self.mcp, self.page, self.ca, self.apps = (
            ready[name] for name in ("idp", "tenant", "mcp", "lab", "ca", "apps")
        )
        self.authority = f"{self.idp}/{self.tenant}"
        self.user = next(user for user in ready["users"] if user["username"].startswith("megan"))
        os.environ["REQUESTS_CA_BUNDLE"] = self.ca  # where it is set, requests believes it more than `verify`
        os.environ["SSL_CERT_FILE"] = self.ca  # for the libraries that are built on httpx
        self.browser = Browser(self.ca, self.user, ready.get("proxy"))

    def client_id(self, app):
        return self.apps[app]["client_id"]

    def scope(self, app, name):
        """A scope of an application of the world."""
        return f"{self.apps[app]['identifier_uri']}/{name}"

    def application(self, app, secret=None):
        """The application in MSAL, with its own secret or another credential."""
        return msal.ConfidentialClientApplication(
            self.client_id(app),
            client_credential=secret or self.apps[app]["client_secret"],
            authority=self.authority,
            instance_discovery=False,
            verify=self.ca,
        )

    def public_application(self, app, **settings):
        """The application in MSAL, without a secret."""
        return msal.PublicClientApplication(
            self.client_id(app), authority=self.authority, instance_discovery=False, verify=self.ca, **settings
        )

    def sign_in(self, application, scopes, redirect_uri, **parameters):
        """What MSAL has after the person signed in for `scopes`, by code and PKCE."""
        flow = application.initiate_auth_code_flow(scopes, redirect_uri=redirect_uri, **parameters)
        assert "code_challenge=" in flow["auth_uri"], flow["auth_uri"]
        return application.acquire_token_by_auth_code_flow(flow, self.browser.sign_in(flow["auth_uri"], redirect_uri))


def claims(token):
    """What a token says; nobody has looked at its signature."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def claims_of(token):
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Browser(requests.Session):
    """A browser without scripts, and the person in front of it."""

    def __init__(self, ca, user, proxy=None):
        super().__init__()
        self.verify = ca
        self.trust_env = False
        if proxy:
            self.proxies = {"https": proxy}
        self.user = user

    def sign_in(self, url, redirect_uri):
        """Follows the pages from `url` as a person would, and stops at the redirect, whose parameters it returns."""
        answer = self.get(url, allow_redirects=False)
        for _ in range(12):
            if answer.is_redirect:
                target = urllib.parse.urljoin(answer.url, answer.headers["location"])
                if target.startswith(redirect_uri):
                    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
                answer = self.get(target, allow_redirects=False)
                continue
            action, fields = self.form(answer)
            if action.startswith(redirect_uri):
                return fields
            answer = self.post(action, data=fields, allow_redirects=False)
        raise AssertionError("the pages never led back to the redirect URI")

    def form(self, answer, filled=None):
        """Where the page's form goes when the person presses its first button, and what it sends."""
        buttons = {"idSIButton9", "idSubmit_SAOTCC_Continue"}
        forms = [form for form in Forms(answer.text).forms if buttons & form["buttons"].keys()]
        assert forms, f"a page without a way on: {answer.text}"
        fields = dict(forms[0]["fields"])
        if shown := re.search('data-otc="([0-9]+)"', answer.text):
            fields["otc"] = shown[1]
        if "loginfmt" in fields:
            fields |= {"loginfmt": self.user["username"], "passwd": self.user["password"]}
        fields |= filled or {}
        name, value = next(forms[0]["buttons"][button] for button in buttons & forms[0]["buttons"].keys())
        if name:
            fields[name] = value
        return urllib.parse.urljoin(answer.url, forms[0]["action"]), fields


class Forms(html.parser.HTMLParser):
    """The forms of a page: action, inputs and buttons."""

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
