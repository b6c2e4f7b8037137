// MSAL Node, unmodified, as the public client `shop-cli`: device code with a person at the real page, and a name and a
// password. Then a wrong password.
//
// proves: device_code, password

const assert = require("node:assert/strict");
const msal = require("@azure/msal-node");
const { run } = require("./lab.cjs");

run(async (lab) => {
  const scopes = [lab.scope("orders-api", "Orders.Read")];
  const app = new msal.PublicClientApplication({
    auth: {
      clientId: lab.apps["shop-cli"].client_id,
      authority: lab.authority,
      knownAuthorities: [new URL(lab.idp).host],
    },
  });

  const result = await app.acquireTokenByDeviceCode({
    scopes,
    deviceCodeCallback: ({ userCode, verificationUri, message }) => {
      assert.equal(verificationUri, `${lab.idp}/devicelogin`);
      assert.ok(message.includes(userCode));
      lab.letDeviceIn(verificationUri, userCode);
    },
  });
  assert.equal(result.account.username, lab.user.username);
  const refreshed = await app.acquireTokenSilent({ scopes, account: result.account, forceRefresh: true });
  assert.notEqual(refreshed.accessToken, result.accessToken);

  const { username, password } = lab.user;
  const byPassword = await app.acquireTokenByUsernamePassword({ scopes, username, password });
  assert.equal(byPassword.account.username, username);
  const wrong = { scopes, username, password: "not-the-password" };
  await assert.rejects(app.acquireTokenByUsernamePassword(wrong), (error) => {
    assert.equal(error.errorCode, "invalid_grant");
    assert.match(error.errorMessage, /AADSTS50126/);
    return true;
  });
  console.log("MSAL Node signed in by device code and by password");
});
