// MSAL.js in Chromium, unmodified, as the single-page application `shop-page`: a sign-in by redirect, tokens renewed across
// origins, and the sign-out. Then the same page as `web-shop`, whose redirect URI is registered for the platform "web": the
// browser does not let the page read why, and the lab's trace says it.
//
// proves: spa, pkce, authorization_code, refresh_token, logout

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { dirname, join } = require("node:path");
const { inChromium, press } = require("./chromium.cjs");
const { run } = require("./lab.cjs");

/** The page of the application. */
const PAGE = `<!doctype html><title>shop</title><script src="/msal-browser.js"></script>`;

/** In the page: makes the application, and takes the answer that came with the redirect. */
async function begin(auth) {
  window.app = new msal.PublicClientApplication({ auth: { ...auth, redirectUri: location.origin + location.pathname } });
  await app.initialize();
  try {
    const result = await app.handleRedirectPromise();
    if (result) app.setActiveAccount(result.account);
    return result && { username: result.account.username, scopes: result.scopes };
  } catch (error) {
    return { error: error.errorMessage };
  }
}

run(async (lab) => {
  const library = readFileSync(join(dirname(require.resolve("@azure/msal-browser/package.json")), "lib/msal-browser.min.js"));
  const server = createServer((request, response) => {
    const isLibrary = request.url === "/msal-browser.js";
    response.setHeader("content-type", isLibrary ? "text/javascript" : "text/html").end(isLibrary ? library : PAGE);
  });
  await new Promise((listening) => server.listen(0, "localhost", listening));
  const origin = `http://localhost:${server.address().port}`;
  const scopes = [lab.scope("orders-api", "Orders.Read")];
  const auth = (app) => ({
    clientId: lab.apps[app].client_id,
    authority: lab.authority,
    knownAuthorities: [new URL(lab.idp).host],
  });

  /** Opens `path` as `app`, signs in, and gives what came back with the redirect. */
  const signIn = async (page, path, app) => {
    await page.goto(origin + path);
    assert.equal(await page.evaluate(begin, auth(app)), null);
    await Promise.all([page.waitForNavigation(), page.evaluate((scopes) => void app.loginRedirect({ scopes }), scopes)]);
    await page.locator("#i0116").fill(lab.user.username);
    await page.locator("#i0118").fill(lab.user.password);
    await press(page, "#idSIButton9");
    await press(page, "#idSIButton9"); // stay signed in
    assert.equal(new URL(page.url()).origin, origin);
    return page.evaluate(begin, auth(app));
  };

  await inChromium(lab, async (page) => {
    const result = await signIn(page, "/", "shop-page");
    assert.equal(result.username, lab.user.username, JSON.stringify(result));
    assert.deepEqual(result.scopes.filter((scope) => scope.endsWith("Orders.Read")), scopes);

    const renew = (scopes) => app.acquireTokenSilent({ scopes, forceRefresh: true }).then((renewed) => renewed.accessToken);
    const tokens = [await page.evaluate(renew, scopes), await page.evaluate(renew, scopes)];
    assert.notEqual(tokens[0], tokens[1]);

    await Promise.all([page.waitForNavigation(), page.evaluate(() => void app.logoutRedirect({ postLogoutRedirectUri: location.origin + "/" }))]);
    await page.waitForFunction((origin) => location.origin === origin, {}, origin);
  });

  await inChromium(lab, async (page) => {
    const result = await signIn(page, "/signin-oidc", "web-shop");
    assert.match(result.error, /post_request_failed/, JSON.stringify(result));
    const trace = await (await fetch(`${lab.lab}/trace.json`)).json();
    const refused = trace.at(-1).checks.find(({ outcome }) => outcome === "refused");
    assert.equal(refused.check, "code.origin", JSON.stringify(refused));
  });
  server.close();
  console.log("MSAL.js signed in, renewed and signed out in Chromium");
});
