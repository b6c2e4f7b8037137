// MSAL Node, unmodified, with its authority on localhost: code flow by PKCE, silent, forced refresh; as the application
// itself, and on behalf of its caller. Then a wrong secret, and a redirect URI that is not the sign-in's.
//
// proves: authorization_code, pkce, refresh_token, client_credentials.v2, client_assertion.ps256, on_behalf_of

const assert = require("node:assert/strict");
const { X509Certificate } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const msal = require("@azure/msal-node");
const { run } = require("./lab.cjs");

run(async (lab) => {
  const app = lab.apps["web-shop"];
  const redirectUri = app.redirect_uris[0];
  const scopes = [lab.scope("orders-api", "Orders.Read")];
  const confidential = (clientId, credential) =>
    new msal.ConfidentialClientApplication({
      auth: { clientId, ...credential, authority: lab.authority, knownAuthorities: [new URL(lab.idp).host] },
    });
  const application = (clientSecret) => confidential(app.client_id, { clientSecret });
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

  const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  const daemon = lab.apps["shop-daemon"];
  const pem = readFileSync(join(__dirname, "../public-test-client.pem"), "utf8");
  const privateKey = /-----BEGIN PRIVATE KEY[^]*END PRIVATE KEY-----/.exec(pem)[0];
  const certificate = new X509Certificate(/-----BEGIN CERTIFICATE[^]*END CERTIFICATE-----/.exec(pem)[0]);
  const thumbprintSha256 = certificate.fingerprint256.replaceAll(":", "");
  for (const [credential, proof] of [
    [{ clientSecret: daemon.client_secret }, "1"],
    [{ clientCertificate: { thumbprintSha256, privateKey } }, "2"],
  ]) {
    const itself = confidential(daemon.client_id, credential);
    const { accessToken } = await itself.acquireTokenByClientCredential({ scopes: [lab.scope("orders-api", ".default")] });
    assert.deepEqual(claimsOf(accessToken).roles, ["Orders.Manage"]);
    assert.equal(claimsOf(accessToken).azpacr, proof);
  }
  const api = lab.apps["orders-api"];
  const onBehalf = await confidential(api.client_id, { clientSecret: api.client_secret }).acquireTokenOnBehalfOf({
    oboAssertion: result.accessToken,
    scopes: ["https://graph.microsoft.com/User.Read"],
  });
  assert.equal(claimsOf(onBehalf.accessToken).appid, api.client_id);
  assert.equal(claimsOf(onBehalf.accessToken).upn, lab.user.username);

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
  console.log("MSAL Node signed in by code and PKCE, from its cache and by refresh, as itself and on behalf of a user");
});
