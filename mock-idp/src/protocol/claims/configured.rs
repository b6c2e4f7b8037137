//! Claims that an application asked for: optional claims, and claims of its own.
//!
//! Rules: Microsoft identity platform "Optional claims reference", "Claims customization".

use scenarios::world::{
    AdditionalProperty, MappedClaim, OptionalClaim, OptionalClaimName, RESTRICTED_CLAIMS, UserAttribute,
};
use serde_json::{Value, json};

use super::Claims;
use crate::directory::Application;
use crate::protocol::authorize::hints::LoginHint;
use crate::protocol::conditional_access::ip_address;
use crate::protocol::grants::Grant;

/// Where a tenant is that does not say so.
const COUNTRY: &str = "US";

/// What a tenant speaks that does not say so.
const LANGUAGE: &str = "en";

impl Claims {
    /// The optional claims of a user's token.
    pub(super) fn optional(&mut self, optional: &[OptionalClaim], grant: &Grant<'_>) {
        for claim in optional {
            if let Some((name, value)) = value(claim, grant) {
                self.add(name, value);
            }
        }
    }

    /// The claims that the application maps for itself; constants alone where there is no user. None of them takes the
    /// place of one that tokens rest on.
    pub(super) fn mapped(&mut self, application: Application<'_>, grant: Option<&Grant<'_>>) {
        for MappedClaim { claim, attribute, value } in application.mapped_claims.values() {
            if !RESTRICTED_CLAIMS.contains(&claim.as_str()) {
                let attribute = attribute.zip(grant).and_then(|(attribute, grant)| attribute_of(attribute, grant));
                self.add_some(claim, attribute.or_else(|| value.clone()));
            }
        }
    }
}

/// The claim of this name and its value, where there is one that the token does not have anyway.
fn value(claim: &OptionalClaim, grant: &Grant<'_>) -> Option<(&'static str, Value)> {
    use OptionalClaimName as Claim;
    let account = grant.principal.account.thing();
    let tenant = grant.principal.tenant;
    let text = |value: &Option<String>| value.clone().map(Value::from);
    let texts = |values: &Vec<String>| (!values.is_empty()).then(|| Value::from(values.clone()));
    let (name, value) = match claim.name() {
        Claim::Acct => ("acct", Some(i32::from(grant.principal.is_guest()).into())),
        Claim::AuthTime => ("auth_time", Some(grant.subject.auth_time.into())),
        Claim::Ctry => ("ctry", text(&account.country)),
        Claim::Email => ("email", text(&account.email)),
        Claim::FamilyName => ("family_name", text(&account.family_name)),
        Claim::GivenName => ("given_name", text(&account.given_name)),
        Claim::Idtyp => ("idtyp", claim.has(AdditionalProperty::IncludeUserToken).then(|| "user".into())),
        Claim::Ipaddr => ("ipaddr", Some(ip_address(grant.principal).to_string().into())),
        Claim::LoginHint => ("login_hint", Some(LoginHint::claim(grant.principal.account, tenant).into())),
        Claim::OnpremSid => ("onprem_sid", text(&account.on_premises_sid)),
        Claim::PreferredUsername => ("preferred_username", Some(account.username.clone().into())),
        Claim::Sid => ("sid", Some(grant.subject.sid.to_string().into())),
        Claim::TenantCtry => ("tenant_ctry", Some(tenant.country.as_deref().unwrap_or(COUNTRY).into())),
        Claim::TenantRegionScope => ("tenant_region_scope", Some(json!(tenant.region.unwrap_or_default()))),
        Claim::Upn => ("upn", (!grant.principal.is_guest()).then(|| account.username.clone().into())),
        Claim::VerifiedPrimaryEmail => ("verified_primary_email", texts(&account.verified_primary_email)),
        Claim::VerifiedSecondaryEmail => ("verified_secondary_email", texts(&account.verified_secondary_email)),
        Claim::XmsEdov => ("xms_edov", account.email.as_deref().map(|email| is_verified(email, tenant.thing()).into())),
        Claim::XmsPdl => ("xms_pdl", text(&account.preferred_data_location)),
        Claim::XmsPl => ("xms_pl", text(&account.preferred_language)),
        Claim::XmsTpl => ("xms_tpl", Some(tenant.preferred_language.as_deref().unwrap_or(LANGUAGE).into())),
        // `aud` and `groups` say how a claim looks that is there anyway, and `xms_cc` what a client can do
        Claim::Aud | Claim::Groups | Claim::XmsCc => return None,
    };
    Some((name, value?))
}

/// Whether the tenant has verified the domain of the address.
fn is_verified(email: &str, tenant: &scenarios::world::Tenant) -> bool {
    email.rsplit_once('@').is_some_and(|(_, domain)| tenant.domains.iter().any(|own| own.eq_ignore_ascii_case(domain)))
}

fn attribute_of(attribute: UserAttribute, grant: &Grant<'_>) -> Option<String> {
    let account = grant.principal.account.thing();
    match attribute {
        UserAttribute::Country => account.country.clone(),
        UserAttribute::Department => account.department.clone(),
        UserAttribute::DisplayName => Some(account.display_name.clone()),
        UserAttribute::GivenName => account.given_name.clone(),
        UserAttribute::JobTitle => account.job_title.clone(),
        UserAttribute::Mail => account.email.clone(),
        UserAttribute::ObjectId => Some(grant.subject.oid.to_string()),
        UserAttribute::Surname => account.family_name.clone(),
        UserAttribute::UserPrincipalName => Some(account.username.clone()),
    }
}
