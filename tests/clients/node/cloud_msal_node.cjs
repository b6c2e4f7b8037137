// MSAL Node, unmodified, under `entralab exec`: the authority that everybody writes, and no setting besides. A token for
// the application itself, a person's by code, one by refresh; then a wrong secret, and an API that nobody has registered.
//
// proves: instance_discovery, host_wired_in

const assert = require("node:assert/strict");
const msal = require("@azure/msal-node");
const { run } = require("./lab.cjs");

run(async (lab) => {
  const app = lab.apps["web-shop"];
  const redirectUri = app.redirect_uris[0];
  const authority = `https://login.microsoftonline.com/${lab.tenant}`;
  const application = (clientSecret) =>
    new msal.ConfidentialClientApplication({ auth: { clientId: app.client_id, clientSecret, authority } });

  const shop = application(app.client_secret);
  const own = await shop.acquireTokenByClientCredential({ scopes: [lab.scope("orders-api", ".default")] });
  const claims = JSON.parse(Buffer.from(own.accessToken.split(".")[1], "base64url"));
  assert.equal(claims.iss, `${authority}/v2.0`);
  assert.equal(claims.azp, app.client_id);

  const scopes = [lab.scope("orders-api", "Orders.Read")];
  const url = await shop.getAuthCodeUrl({ scopes, redirectUri, state: "s" });
  assert.ok(url.startsWith("https://login.microsoftonline.com/"), url);
  const back = await lab.signIn(url, redirectUri);
  const person = await shop.acquireTokenByCode({ scopes, redirectUri, code: back.searchParams.get("code") });
  assert.equal(person.account.username, lab.user.username);
  assert.equal(person.account.environment, "login.windows.net");
  const refreshed = await shop.acquireTokenSilent({ scopes, account: person.account, forceRefresh: true });
  assert.notEqual(refreshed.accessToken, person.accessToken);

  const refused = (shop, scope, expected) =>
    assert.rejects(shop.acquireTokenByClientCredential({ scopes: [scope] }), (error) => {
      assert.ok(error instanceof msal.ServerError, error);
      assert.match(error.errorMessage, expected);
      return true;
    });
  await refused(application("not-the-secret"), lab.scope("orders-api", ".default"), /AADSTS7000215/);
  await refused(shop, "api://nobody-has-registered-this/.default", /AADSTS500011/);
  console.log(`MSAL Node in cloud names, on Node.js ${process.version}: no setting of its own`);
});
