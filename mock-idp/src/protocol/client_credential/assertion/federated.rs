//! Assertions of another issuer that the application trusts: federated identity credentials.
//!
//! Rules: Microsoft Entra "Workload identity federation". Issuer, subject and audience are compared letter by letter.

use scenarios::certificate::public_key_from_pem;
use scenarios::world::FederatedCredential;
use serde_json::Value;
use wire::{Check, Checks};

use super::certificate::is_signed_with;
use super::{Assertion, shown};
use crate::directory::Application;
use crate::error::EntraError;
use crate::protocol::Family;
use crate::protocol::client_credential::Proof;

/// A federated identity credential of the application must fit, and its issuer's signature verify.
///
/// # Errors
/// 700211, 700212 and 700213 where none fits, 90061 where the issuer's keys are not known, 700027, and 700229 for a token
/// of this identity provider that is a user's.
pub(super) fn verify_federated(
    assertion: &Assertion<'_>,
    client: Application<'_>,
    proof: &Proof<'_>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let credential = find(assertion, client, checks)?;
    let expected = format!("a signature of {}", shown(&assertion.issuer));
    let setting = client.setting("federated_credentials", "Certificates & secrets > Federated credentials");
    let is_own = proof.directory.tenants().any(|tenant| {
        [Family::V1, Family::V2]
            .map(|version| proof.origins.issuer(version, &tenant.id.to_string()))
            .contains(&assertion.issuer)
    });
    let verified = if is_own {
        proof.keys.verify(assertion.text).is_some()
    } else if credential.keys.is_empty() {
        let fix = format!("the issuer's public keys as PEM, keys of {setting}: the lab fetches nothing from outside");
        checks.refuse(Check::ClientAssertionSignature, expected, "no keys of that issuer", fix);
        return Err(EntraError::IssuerUnreachable);
    } else {
        let mut keys = credential.keys.iter().filter_map(|pem| public_key_from_pem(pem).ok());
        keys.any(|key| is_signed_with(assertion, &key))
    };
    if !verified {
        let fix = format!("the issuer's keys of now: keys of {setting}; or let the issuer sign the assertion anew");
        checks.refuse(Check::ClientAssertionSignature, expected, "one of none of its keys", fix);
        let thumbprint = assertion.header.get("kid").and_then(Value::as_str).map_or_else(|| "none".to_owned(), shown);
        let (reason, found) = ("The key was not found.", String::new());
        return Err(EntraError::AssertionSignature { reason, thumbprint, found, client_id: client.client_id });
    }
    checks.pass(Check::ClientAssertionSignature, expected, "one of its keys");
    if is_own && !is_app_only(assertion) {
        let fix = "the client: a token that an application got for itself (client_credentials), not a user's";
        checks.refuse(Check::FederatedCredential, "a token of an application itself", "a user's", fix);
        return Err(EntraError::FederatedTokenOfUser);
    }
    Ok(())
}

/// The service principal is its own subject.
fn is_app_only(assertion: &Assertion<'_>) -> bool {
    assertion.claims.get("scp").is_none()
        && assertion.claims.get("oid").and_then(Value::as_str) == Some(&assertion.subject)
}

/// The credential of this issuer, subject and audience. The first of the three that none has is told.
fn find<'d>(
    assertion: &Assertion<'_>,
    client: Application<'d>,
    checks: &mut Checks,
) -> Result<&'d FederatedCredential, EntraError> {
    let setting = client.setting("federated_credentials", "Certificates & secrets > Federated credentials");
    let all: Vec<&FederatedCredential> = client.thing().federated_credentials.values().collect();
    let mut refuse = |what: &str, known: Vec<&str>, received: &str, error| {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let expected = format!("the {what} of a federated credential of {}: {known}", client.shown_name());
        let fix = format!("make the two agree letter by letter: {setting}, and the assertion's {what}");
        checks.refuse(Check::FederatedCredential, expected, received, fix);
        Err(error)
    };
    let (issuer, subject) = (shown(&assertion.issuer), shown(&assertion.subject));
    let of_issuer: Vec<_> = all.iter().filter(|known| known.issuer == assertion.issuer).collect();
    if of_issuer.is_empty() {
        let known = all.iter().map(|known| known.issuer.as_str()).collect();
        return refuse("issuer", known, &issuer, EntraError::FederatedIssuer { issuer: issuer.clone() });
    }
    let of_subject: Vec<_> = of_issuer.iter().filter(|known| known.subject == assertion.subject).collect();
    if of_subject.is_empty() {
        let known = of_issuer.iter().map(|known| known.subject.as_str()).collect();
        return refuse("subject", known, &subject, EntraError::FederatedSubject { subject: subject.clone() });
    }
    let has_audience =
        |known: &&&&&FederatedCredential| assertion.audiences.iter().any(|audience| known.audiences.contains(audience));
    let Some(credential) = of_subject.iter().find(has_audience) else {
        let known = of_subject.iter().flat_map(|known| &known.audiences).map(String::as_str).collect();
        let audience = shown(&assertion.audiences.join(", "));
        return refuse("audience", known, &audience, EntraError::FederatedAudience { audience: audience.clone() });
    };
    let expected = format!("a federated credential of {}", client.shown_name());
    checks.pass(Check::FederatedCredential, expected, format!("that of {subject} at {issuer}"));
    Ok(credential)
}
