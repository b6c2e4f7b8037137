"""What the scripts of this folder share: a running lab, and a person who signs in at its real pages."""

import html.parser
import json
import os
import sys
import urllib.parse

import msal
import requests


class Lab:
    """The lab that the script's one argument tells of: the file that `up --ready-file` writes."""

    def __init__(self):
        with open(sys.argv[1], encoding="utf-8") as file:
            ready = json.load(file)
        self.idp, self.tenant, self.mcp, self.page, self.ca = (
            ready[name] for name in ("idp", "tenant", "mcp", "lab", "ca")
        )
        self.client = ready["apps"]["copilot-studio-client"]
        self.redirect_uri = self.client["redirect_uris"][0]
        self.scope = ready["apps"]["streamable-mcp-server2"]["identifier_uri"] + "/.default"
        self.user = next(user for user in ready["users"] if user["username"].startswith("megan"))
        os.environ["REQUESTS_CA_BUNDLE"] = self.ca  # where it is set, requests believes it more than `verify`
        self.browser = requests.Session()
        self.browser.verify = self.ca
        self.browser.trust_env = False

    def application(self, secret=None):
        """The client app in MSAL, with its own secret or another."""
        return msal.ConfidentialClientApplication(
            self.client["client_id"],
            client_credential=secret or self.client["client_secret"],
            authority=f"{self.idp}/{self.tenant}",
            instance_discovery=False,
            verify=self.ca,
        )

    def sign_in(self, application, scopes):
        """What MSAL has after the person signed in for `scopes`, by code and PKCE."""
        flow = application.initiate_auth_code_flow(scopes, redirect_uri=self.redirect_uri)
        assert "code_challenge=" in flow["auth_uri"], flow["auth_uri"]
        return application.acquire_token_by_auth_code_flow(flow, self._pages(flow["auth_uri"]))

    def _pages(self, url):
        """Follows the pages from `url` as a person would, and stops at the redirect, whose parameters it returns."""
        answer = self.browser.get(url, allow_redirects=False)
        for _ in range(10):
            if answer.is_redirect:
                target = urllib.parse.urljoin(answer.url, answer.headers["location"])
                if target.startswith(self.redirect_uri):
                    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
                answer = self.browser.get(target, allow_redirects=False)
                continue
            form = next(form for form in Forms(answer.text).forms if "idSIButton9" in form["buttons"])
            fields = dict(form["fields"])
            if "loginfmt" in fields:
                fields |= {"loginfmt": self.user["username"], "passwd": self.user["password"]}
            name, value = form["buttons"]["idSIButton9"]
            if name:
                fields[name] = value
            target = urllib.parse.urljoin(answer.url, form["action"])
            answer = self.browser.post(target, data=fields, allow_redirects=False)
        raise AssertionError("the pages never led back to the redirect URI")


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
