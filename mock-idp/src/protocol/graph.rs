//! Microsoft Graph, as far as signing in leads there: who the caller is, and which groups it is in.
//!
//! Rules: Microsoft Graph "Get a user", "List memberOf", "directoryObject: getMemberObjects", "Microsoft Graph error
//! responses and resource types"; Microsoft identity platform "UserInfo endpoint".

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::Timestamp;
use scenarios::world::GroupKind;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use wire::access_token::{Claims, Keys, Rules, Signed, TENANT_PLACEHOLDER};
use wire::{Check, CheckResult, Checks};

use super::admission::Principal;
use super::claims::BACKDATED;
use super::passwords::Passwords;
use super::revocation::check_token;
use super::scope::OidcScope;
use super::{Family, claims, guid};
use crate::directory::{Account, Directory, GRAPH_ID, GRAPH_URI, Group};
use crate::origins::Origins;
use crate::routes::GraphCall;

/// What Microsoft Graph refuses a call with. It has error codes of its own, and no AADSTS numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// No bearer token came.
    #[error("The access token is empty.")]
    NoToken,
    /// The token cannot be read as one.
    #[error("The access token cannot be parsed: the token is not in the compact form of a signed JWT.")]
    TokenUnreadable,
    /// The signature, the issuer or the user is none that Graph knows.
    #[error("The access token failed validation: its signature or its issuer is not valid.")]
    TokenForeign,
    /// The token is for somebody else.
    #[error("The access token failed validation: its audience is not valid.")]
    TokenAudience,
    /// The token is no longer good, or not yet.
    #[error("The lifetime of the access token failed validation: the token is expired.")]
    TokenExpired,
    /// The token was issued before something that continuous access evaluation watches: the client, which said that it
    /// understands this, must bring a new one.
    #[error(
        "Continuous access evaluation resulted in a challenge with result InteractionRequired and reason TokenIssuedBeforeRevocationTimestamp."
    )]
    Revoked {
        /// From when on tokens are good again, in seconds of Unix time.
        valid_from: i64,
    },
    /// The token carries no permission for the call.
    #[error("The privileges are insufficient to complete the operation.")]
    Forbidden,
    /// `/me` with a token that speaks for no user.
    #[error("A request to /me is valid only with the delegated authentication flow.")]
    NoUser,
    /// The path names nobody who is there.
    #[error("The resource that the path names does not exist, or one of the objects that it refers to is not present.")]
    NotFound,
    /// The user has no photo.
    #[error("The user has no photo.")]
    NoPhoto,
    /// The body is not what the call takes.
    #[error("The body of the request cannot be read, or lacks the parameter 'securityEnabledOnly'.")]
    BadBody,
    /// The method is none that the path serves.
    #[error("The HTTP method is not allowed for the target of the request.")]
    WrongMethod,
}

impl GraphError {
    /// The status and `error.code`.
    #[must_use]
    pub const fn face(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoToken
            | Self::TokenUnreadable
            | Self::TokenForeign
            | Self::TokenAudience
            | Self::TokenExpired
            | Self::Revoked { .. } => (StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Authorization_RequestDenied"),
            Self::NoUser | Self::BadBody => (StatusCode::BAD_REQUEST, "BadRequest"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Request_ResourceNotFound"),
            Self::NoPhoto => (StatusCode::NOT_FOUND, "ImageNotFound"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "Request_BadRequest"),
        }
    }

    /// What the client must bring back to the authorize endpoint (`claims`), as JSON; none where nothing would help.
    #[must_use]
    pub fn challenge(self) -> Option<String> {
        let Self::Revoked { valid_from } = self else { return None };
        let nbf = json!({"essential": true, "value": valid_from.to_string()});
        Some(json!({"access_token": {"nbf": nbf}}).to_string())
    }
}

/// What a call is judged by.
#[derive(Clone, Copy)]
pub struct Records<'d, 'r> {
    /// Who exists.
    pub directory: &'d Directory,
    /// Where Graph and the issuers live.
    pub origins: &'r Origins,
    /// The keys that sign tokens for Graph.
    pub keys: &'r Keys,
    /// The passwords that were set on pages.
    pub passwords: &'r Passwords,
    /// The instant.
    pub now: Timestamp,
}

/// A call as it came.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    /// What is called.
    pub call: GraphCall,
    /// Whom the path names; empty where it is `me`.
    pub user: &'r str,
    /// The `Authorization` header.
    pub authorization: Option<&'r str>,
    /// `$select`, the members that are wanted.
    pub select: Option<&'r str>,
    /// The body.
    pub body: &'r [u8],
}

/// Answers a call.
///
/// # Errors
/// Where a check refuses, and where there is nothing to answer with.
pub fn answer(request: Request<'_>, records: Records<'_, '_>, checks: &mut Checks) -> Result<Value, GraphError> {
    let caller = authenticate(request.authorization, records, checks)?;
    if request.call != GraphCall::MemberObjects {
        caller.check_user(checks)?;
    }
    caller.check_permission(request.call, checks)?;
    let Records { directory, origins, .. } = records;
    let me = caller.principal.map(|principal| principal.account);
    match request.call {
        GraphCall::UserInfo => caller.userinfo(origins).ok_or(GraphError::NoUser),
        GraphCall::Me => Ok(user_document(me.ok_or(GraphError::NoUser)?, request.select, origins)),
        GraphCall::Photo => Err(GraphError::NoPhoto),
        GraphCall::MemberOf => {
            let account = me.ok_or(GraphError::NoUser)?;
            Ok(member_of(account, caller.may(GROUPS_IN_FULL), directory, origins))
        }
        GraphCall::MyMemberObjects => member_objects(me.ok_or(GraphError::NoUser)?, request.body, records, checks),
        GraphCall::MemberObjects => {
            let found = find_user(request.user, caller.tid, directory, checks)?;
            let is_me = me.is_some_and(|me| me.name == found.name);
            if !is_me {
                caller.check(MEMBERS_OF_OTHERS, checks)?;
            }
            member_objects(found, request.body, records, checks)
        }
    }
}

/// The permissions with which a user's own profile can be read.
const PROFILE: &[&str] = &[
    "User.Read",
    "User.ReadWrite",
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

/// The permissions with which the groups of other users can be read.
const MEMBERS_OF_OTHERS: &[&str] =
    &["GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/// The permissions with which groups show more than that they are there.
const GROUPS_IN_FULL: &[&str] = MEMBERS_OF_OTHERS;

/// Who calls.
struct Caller<'d> {
    /// The user; none where an application acts for itself.
    principal: Option<Principal<'d>>,
    /// The tenant.
    tid: Uuid,
    /// The object id of the user, or of the service principal.
    oid: Option<Uuid>,
    /// The client.
    client_id: Option<Uuid>,
    /// The delegated scopes, or the application permissions.
    permissions: BTreeSet<String>,
}

/// Judges the access token; last by continuous access evaluation, where the client understands it.
fn authenticate<'d>(
    authorization: Option<&str>,
    records: Records<'d, '_>,
    checks: &mut Checks,
) -> Result<Caller<'d>, GraphError> {
    let expected = "an access token for Microsoft Graph, current and unchanged";
    let token = authorization.and_then(|value| {
        let (scheme, token) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        let fix = "the caller: send the access token as Authorization: Bearer (RFC 6750 §2.1)";
        checks.refuse(Check::GraphToken, expected, "no bearer token", fix);
        return Err(GraphError::NoToken);
    };
    let mut tried = Checks::default();
    let Some(claims) = validate(token, records, &mut tried) else {
        let refusal = tried.refusal();
        let received = refusal.map_or_else(String::new, |refusal| format!("{}: {}", refusal.check, refusal.received));
        let (error, fix) = refused_by(refusal);
        checks.refuse(Check::GraphToken, expected, received, fix);
        return Err(error);
    };
    let tenant = claims.text("tid").and_then(guid).and_then(|tid| records.directory.tenant_by_id(tid));
    let is_user = claims.all().contains_key("scp");
    let principal = claims
        .text("oid")
        .and_then(guid)
        .filter(|_| is_user)
        .and_then(|oid| Principal::find(records.directory, oid))
        .filter(|principal| Some(principal.tenant.id) == tenant.map(|tenant| tenant.id));
    let Some(tenant) = tenant.filter(|_| !is_user || principal.is_some()) else {
        let fix = "idp.users, idp.tenants (portal: Microsoft Entra ID > Users): whom the token is about is gone";
        checks.refuse(Check::GraphToken, expected, "a token about somebody who is no longer there", fix);
        return Err(GraphError::TokenForeign);
    };
    let who =
        principal.map_or_else(|| claims.client().unwrap_or_default(), |user| user.account.thing().username.as_str());
    if let Some(Principal { account, .. }) = principal.filter(|_| understands_challenges(&claims)) {
        let issued = claims.all().get("iat").and_then(Value::as_i64).unwrap_or_default();
        let issued = issued.saturating_add(BACKDATED.as_secs());
        check_token(account, records.passwords, issued, records.now, checks)
            .map_err(|event| GraphError::Revoked { valid_from: event.at().as_second() })?;
    }
    checks.pass(Check::GraphToken, expected, format!("one for {who}"));
    Ok(Caller {
        principal,
        tid: tenant.id,
        oid: claims.text("oid").and_then(guid),
        client_id: claims.client().and_then(guid),
        permissions: permissions(&claims),
    })
}

/// Whether the client of the token said that it understands claims challenges (`cp1`).
fn understands_challenges(claims: &Claims) -> bool {
    claims.all().get("xms_cc").and_then(Value::as_array).is_some_and(|all| all.contains(&"cp1".into()))
}

/// The one validator, with the hash that Graph puts in the place of the nonce.
fn validate(token: &str, records: Records<'_, '_>, checks: &mut Checks) -> Option<Claims> {
    let Records { origins, keys, now, .. } = records;
    let claims = Signed::read(token, checks).ok()?.as_graph_verifies_it().verify(keys, checks).ok()?;
    let uris = [GRAPH_URI, origins.graph.as_str()];
    let audiences: Vec<String> =
        uris.into_iter().flat_map(|uri| [uri.to_owned(), format!("{uri}/")]).chain([GRAPH_ID.to_string()]).collect();
    let issuer = origins.issuer(Family::V1, TENANT_PLACEHOLDER);
    claims.judge(&Rules { issuer: &issuer, audiences: &audiences }, now, checks).ok()?;
    Some(claims)
}

/// What the refusal of the validator is at Graph, and what mends it there.
fn refused_by(refusal: Option<&CheckResult>) -> (GraphError, &'static str) {
    match refusal.map(|refusal| refusal.check) {
        Some(Check::TokenReadable) => {
            (GraphError::TokenUnreadable, "the caller: send the access_token of the token answer as it came")
        }
        Some(Check::AudienceAllowed) => (
            GraphError::TokenAudience,
            "the client's scope: ask for one of Microsoft Graph's, such as https://graph.microsoft.com/User.Read; a token is \
             for one API",
        ),
        Some(Check::TokenLifetime) => (
            GraphError::TokenExpired,
            "the client: get a new token before the old one ends (idp.lifetimes.access_token_minutes)",
        ),
        _ => (GraphError::TokenForeign, "the client: get the token from this identity provider, and send it unchanged"),
    }
}

/// `scp`, or `roles` where there is no user.
fn permissions(claims: &Claims) -> BTreeSet<String> {
    match claims.text("scp") {
        Some(scopes) => scopes.split(' ').map(str::to_owned).collect(),
        None => {
            let roles = claims.all().get("roles").and_then(Value::as_array).into_iter().flatten();
            roles.filter_map(Value::as_str).map(str::to_owned).collect()
        }
    }
}

impl Caller<'_> {
    fn may(&self, any_of: &[&str]) -> bool {
        any_of.iter().any(|permission| self.permissions.contains(*permission))
    }

    /// The token must speak for a user.
    fn check_user(&self, checks: &mut Checks) -> Result<(), GraphError> {
        if self.principal.is_some() {
            return Ok(());
        }
        let received = self.client_id.map_or_else(String::new, |id| format!("one of the application {id} itself"));
        let fix = "the client: let a user sign in, or name the user in the path: /v1.0/users/<id>";
        checks.refuse(Check::GraphPermission, "a token that speaks for a user", received, fix);
        Err(GraphError::NoUser)
    }

    fn check_permission(&self, call: GraphCall, checks: &mut Checks) -> Result<(), GraphError> {
        match call {
            GraphCall::UserInfo => self.check(&[OidcScope::OpenId.name()], checks),
            GraphCall::Me | GraphCall::Photo => self.check(PROFILE, checks),
            GraphCall::MemberOf | GraphCall::MyMemberObjects | GraphCall::MemberObjects => {
                self.check(&[PROFILE, MEMBERS_OF_OTHERS].concat(), checks)
            }
        }
    }

    /// The token must carry one of the permissions.
    fn check(&self, any_of: &[&str], checks: &mut Checks) -> Result<(), GraphError> {
        let expected = format!("one of {}", any_of.join(", "));
        let carried: Vec<&str> = self.permissions.iter().map(String::as_str).collect();
        let received = if carried.is_empty() { "none".to_owned() } else { carried.join(" ") };
        if self.may(any_of) {
            checks.pass(Check::GraphPermission, expected, received);
            return Ok(());
        }
        let fix = if self.principal.is_some() {
            "the client's scope, and consent to it: idp.apps.<the client>.permissions.<any>.scopes, \
             idp.consents.<any>.scopes (portal: App registrations > the client > API permissions > Microsoft Graph > Delegated \
             permissions)"
        } else {
            "idp.apps.<the client>.permissions.<any>.roles, idp.consents.<any>.roles (portal: App registrations > the client > \
             API permissions > Microsoft Graph > Application permissions, and Grant admin consent)"
        };
        checks.refuse(Check::GraphPermission, expected, received, fix);
        Err(GraphError::Forbidden)
    }

    /// The claims of `userinfo`: as the scopes of OpenID Connect have it. Its `sub` is the id token's.
    fn userinfo(&self, origins: &Origins) -> Option<Value> {
        let (principal, oid, client_id) = (self.principal?, self.oid?, self.client_id?);
        let account = principal.account;
        let mut document = Map::new();
        let mut add = |name: &str, value: Option<&str>| {
            document.extend(value.map(|value| (name.to_owned(), Value::from(value))));
        };
        add("sub", Some(&claims::pairwise(self.tid, oid, client_id)));
        if self.may(&[OidcScope::Profile.name()]) {
            add("name", Some(&account.display_name));
            add("family_name", account.family_name.as_deref());
            add("given_name", account.given_name.as_deref());
        }
        add("picture", Some(&format!("{}{}", origins.graph, GraphCall::Photo.path(""))));
        if self.may(&[OidcScope::Email.name()]) {
            add("email", account.email.as_deref());
        }
        Some(document.into())
    }
}

/// The user that a path names by object id or user principal name.
fn find_user<'d>(
    named: &str,
    tid: Uuid,
    directory: &'d Directory,
    checks: &mut Checks,
) -> Result<Account<'d>, GraphError> {
    let found = guid(named)
        .and_then(|id| directory.account_by_object_id(id))
        .map(|(account, _)| account)
        .or_else(|| directory.account_by_username(named));
    let of_tenant =
        |account: &Account<'d>| directory.tenant(&account.thing().tenant).is_some_and(|tenant| tenant.id == tid);
    let expected = "the object id or the name of a user of the token's tenant";
    match found.filter(of_tenant) {
        Some(account) => {
            checks.pass(Check::UserExists, expected, account.username.as_str());
            Ok(account)
        }
        None => {
            let named: String = named.chars().take(120).collect();
            checks.refuse(Check::UserExists, expected, named, "idp.users (portal: Microsoft Entra ID > Users)");
            Err(GraphError::NotFound)
        }
    }
}

/// `user`, with the members that Graph gives unasked, or those that `select` names.
fn user_document(account: Account<'_>, select: Option<&str>, origins: &Origins) -> Value {
    let all = json!({
        "businessPhones": Vec::from_iter(account.business_phone.as_deref()),
        "displayName": account.display_name,
        "givenName": account.given_name,
        "jobTitle": account.job_title,
        "mail": account.email,
        "mobilePhone": account.mobile_phone,
        "officeLocation": account.office_location,
        "preferredLanguage": account.preferred_language,
        "surname": account.family_name,
        "userPrincipalName": account.username,
        "id": account.object_id,
    });
    let wanted: Vec<&str> = select.into_iter().flat_map(|names| names.split(',')).map(str::trim).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
    let mut members: Map<String, Value> = Map::new();
    let selected = if wanted.is_empty() { String::new() } else { format!("({})", wanted.join(",")) };
    members.insert("@odata.context".to_owned(), context(origins, &format!("users{selected}/$entity")).into());
    let Value::Object(all) = all else { return members.into() };
    members.extend(all.into_iter().filter(|(name, _)| is_wanted(name)));
    members.into()
}

/// The groups that the user is a direct member of; only their ids, where the token may not read groups.
fn member_of(account: Account<'_>, in_full: bool, directory: &Directory, origins: &Origins) -> Value {
    let direct = directory.groups_of(account).into_iter().filter(|group| group.has_direct_member(account));
    let shown = |group: Group<'_>| {
        json!({
            "@odata.type": "#microsoft.graph.group",
            "id": group.object_id,
            "displayName": in_full.then_some(&group.display_name),
            "groupTypes": if in_full && group.kind == GroupKind::Microsoft365 { vec!["Unified"] } else { Vec::new() },
            "mailEnabled": in_full.then_some(group.kind != GroupKind::Security),
            "securityEnabled": in_full.then_some(group.kind == GroupKind::Security),
        })
    };
    json!({"@odata.context": context(origins, "directoryObjects"), "value": direct.map(shown).collect::<Vec<_>>()})
}

/// The ids of all groups that the user is in, directly or through other groups.
fn member_objects(
    account: Account<'_>,
    body: &[u8],
    records: Records<'_, '_>,
    checks: &mut Checks,
) -> Result<Value, GraphError> {
    let expected = "a JSON object with securityEnabledOnly, true or false";
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let Some(security_only) = body.and_then(|body| body.get("securityEnabledOnly")?.as_bool()) else {
        let fix = "the caller: post {\"securityEnabledOnly\": false}";
        checks.refuse(Check::RequestParameterPresent, expected, "another body", fix);
        return Err(GraphError::BadBody);
    };
    checks.pass(Check::RequestParameterPresent, expected, security_only.to_string());
    let groups = records.directory.groups_of(account).into_iter();
    let shown = groups.filter(|group| !security_only || group.kind == GroupKind::Security);
    let ids: Vec<Uuid> = shown.map(|group| group.object_id).collect();
    Ok(json!({"@odata.context": context(records.origins, "Collection(Edm.String)"), "value": ids}))
}

fn context(origins: &Origins, what: &str) -> String {
    format!("{}/v1.0/$metadata#{what}", origins.graph)
}
