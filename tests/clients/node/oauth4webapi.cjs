// oauth4webapi, unmodified: every step of the code flow by itself, with the signature of the id token verified.
//
// proves: authorization_code, pkce, refresh_token, client_secret_basic, discovery.v2, keys, id_token.v2

const assert = require("node:assert/strict");
const oauth = require("oauth4webapi");
const { run } = require("./lab.cjs");

run(async (lab) => {
  const app = lab.apps["web-shop"];
  const redirectUri = app.redirect_uris[0];
  const issuer = new URL(`${lab.authority}/v2.0`);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oidc" }));
  const client = { client_id: app.client_id };

  const verifier = oauth.generateRandomCodeVerifier();
  const nonce = oauth.generateRandomNonce();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: app.client_id,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: `openid profile email offline_access ${lab.scope("orders-api", ".default")}`,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    nonce,
    state,
  });
  const back = await lab.signIn(url, redirectUri);
  const parameters = oauth.validateAuthResponse(server, client, back, state);
  const redeem = (authentication, codeVerifier) =>
    oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, redirectUri, codeVerifier);

  // the code survives a wrong verifier, as it does at Entra
  const mistaken = await redeem(oauth.ClientSecretPost(app.client_secret), oauth.generateRandomCodeVerifier());
  await assert.rejects(oauth.processAuthorizationCodeResponse(server, client, mistaken), (error) => {
    assert.equal(error.error, "invalid_grant");
    assert.match(error.error_description, /^AADSTS501481/);
    return true;
  });
  const answer = await redeem(oauth.ClientSecretBasic(app.client_secret), verifier);
  const result = await oauth.processAuthorizationCodeResponse(server, client, answer, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(server, answer);
  const claims = oauth.getValidatedIdTokenClaims(result);
  assert.equal(claims.preferred_username, lab.user.username);
  assert.equal(claims.tid, lab.tenant);

  const again = await redeem(oauth.ClientSecretBasic(app.client_secret), verifier);
  await assert.rejects(oauth.processAuthorizationCodeResponse(server, client, again), (error) => {
    assert.match(error.error_description, /^AADSTS54005/);
    return true;
  });
  const refreshed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, oauth.ClientSecretPost(app.client_secret), result.refresh_token),
  );
  assert.notEqual(refreshed.access_token, result.access_token);
  console.log("oauth4webapi signed in by code and PKCE, verified the id token, and refreshed");
});
