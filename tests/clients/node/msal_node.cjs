// MSAL Node, unmodified, with its authority on localhost: code flow by PKCE, silent, forced refresh. Then a wrong
// secret, and a redirect URI that is not the sign-in's.

const assert = require("node:assert/strict");
const msal = require("@azure/msal-node");
const { run } = require("./lab.cjs");

run(async (lab) => {
  const app = lab.apps["web-shop"];
  const redirectUri = app.redirect_uris[0];
  const scopes = [lab.scope("orders-api", "Orders.Read")];
  const application = (clientSecret) =>
    new msal.ConfidentialClientApplication({
      auth: {
        clientId: app.client_id,
        clientSecret,
        authority: lab.authority,
        knownAuthorities: [new URL(lab.idp).host],
      },
    });
  const signIn = async (shop) => {
    const { verifier, challenge } = await new msal.CryptoProvider().generatePkceCodes();
    const request = { scopes, redirectUri, codeChallenge: challenge, codeChallengeMethod: "S256", state: "s" };
    const url = await shop.getAuthCodeUrl(request);
    const back = await lab.signIn(url, redirectUri);
    assert.equal(back.searchParams.get("state"), "s");
    return { scopes, redirectUri, code: back.searchParams.get("code"), codeVerifier: verifier };
  };

  const shop = application(app.client_secret);
  const result = await shop.acquireTokenByCode(await signIn(shop));
  assert.equal(result.account.username, lab.user.username);
  assert.equal(result.tenantId, lab.tenant);
  assert.deepEqual(result.scopes.filter((scope) => scope.startsWith("api://")), scopes);
  const cached = await shop.acquireTokenSilent({ scopes, account: result.account });
  assert.equal(cached.accessToken, result.accessToken);
  assert.ok(cached.fromCache);
  const refreshed = await shop.acquireTokenSilent({ scopes, account: result.account, forceRefresh: true });
  assert.notEqual(refreshed.accessToken, result.accessToken);

  const mistaken = application("not-the-secret");
  await assert.rejects(mistaken.acquireTokenByCode(await signIn(mistaken)), (error) => {
    assert.ok(error instanceof msal.ServerError, error);
    assert.equal(error.errorCode, "invalid_client");
    assert.match(error.errorMessage, /AADSTS7000215/);
    assert.equal(error.errorNo, 7000215);
    return true;
  });
  const elsewhere = { ...(await signIn(shop)), redirectUri: `${redirectUri}/` };
  await assert.rejects(shop.acquireTokenByCode(elsewhere), /AADSTS500112/);
  console.log("MSAL Node signed in by code and PKCE, from its cache, and by refresh");
});
