// openid-client, unmodified: discovery, code flow with PKCE, nonce and state, the answer in every mode, refresh. Then
// an authority whose issuer is a template, and a wrong secret.
//
// proves: authorization_code, pkce, form_post, refresh_token, discovery.v2, common_template

const assert = require("node:assert/strict");
const client = require("openid-client");
const { run } = require("./lab.cjs");

run(async (lab) => {
  const app = lab.apps["web-shop"];
  const redirectUri = app.redirect_uris[0];
  const config = await client.discovery(new URL(`${lab.authority}/v2.0`), app.client_id, app.client_secret);
  assert.equal(config.serverMetadata().issuer, `${lab.authority}/v2.0`);
  assert.equal(config.serverMetadata().code_challenge_methods_supported, undefined, "Entra does not advertise PKCE");

  let last;
  for (const response_mode of ["query", "form_post"]) {
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const nonce = client.randomNonce();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: `openid profile offline_access ${lab.scope("orders-api", "Orders.Read")}`,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      response_mode,
      state,
      nonce,
    });
    const back = await lab.signIn(url, redirectUri);
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
    const tokens = await client.authorizationCodeGrant(config, back, checks);
    assert.equal(tokens.claims().preferred_username, lab.user.username);
    assert.equal(typeof tokens.expires_in, "number");
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(refreshed.access_token, tokens.access_token);
    last = refreshed.refresh_token;
  }

  // /common answers with the issuer of a template, which a strict client does not take
  await assert.rejects(client.discovery(new URL(`${lab.idp}/common/v2.0`), app.client_id, app.client_secret), (error) => {
    assert.match(`${error.message} ${error.cause?.message ?? ""} ${JSON.stringify(error.cause ?? {})}`, /issuer/);
    return true;
  });
  const wrong = await client.discovery(new URL(`${lab.authority}/v2.0`), app.client_id, "not-the-secret");
  await assert.rejects(client.refreshTokenGrant(wrong, last), (error) => {
    assert.ok(error instanceof client.ResponseBodyError, error);
    assert.equal(error.error, "invalid_client");
    assert.equal(error.status, 401);
    assert.match(error.error_description, /^AADSTS7000215/);
    return true;
  });
  console.log("openid-client signed in by code and PKCE, and refreshed");
});
