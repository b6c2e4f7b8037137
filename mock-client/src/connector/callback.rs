//! Judging what the browser brings to the redirect URL.

use wire::exchange::Parameters;
use wire::{Check, Checks};

use super::token_answer::OAuthError;

/// The error of a person who said no (RFC 6749 §4.1.2.1).
pub(super) const DENIED: &str = "access_denied";

/// What a callback may do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Redeem this code.
    Redeem(String),
    /// Nothing: it belongs to no sign-in of this connector.
    Foreign(&'static str),
    /// Nothing: the person turned back on a page of the identity provider.
    Cancelled(OAuthError),
    /// Nothing: the identity provider reports an error.
    Refused(OAuthError),
    /// Nothing: there is neither a code nor an error.
    Empty,
}

/// The value of a parameter that may come once; none where it is missing or repeated.
#[must_use]
pub fn only<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p str> {
    let mut values = parameters.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let first = values.next()?;
    if values.next().is_none() { Some(first) } else { None }
}

/// Judges a callback at `path`: its place, its state, its code, in this order (RFC 6749 §10.12, RFC 9700 §4.4.2).
///
/// `awaited_path` is where the sign-in with this state waits; `is_awaited`, whether there is one.
pub fn judge(
    path: &str,
    awaited_path: &str,
    is_awaited: bool,
    parameters: &Parameters,
    checks: &mut Checks,
) -> Verdict {
    if path != awaited_path {
        const FIX: &str = "connector.name, connector.publisher_prefix, connector.environment_hash, connector.redirect_mode: \
                           the redirect URL that this connector shows (Power Apps: Custom connectors > Security > Redirect URL)";
        checks.refuse(Check::CallbackReached, awaited_path, path, FIX);
        return Verdict::Foreign("the answer came to the redirect URL of another connector");
    }
    checks.pass(Check::CallbackReached, awaited_path, path);
    if !is_awaited {
        let expected = "the state of a sign-in that waits for its callback";
        if only(parameters, "admin_consent") == Some("True") && only(parameters, "error").is_none() {
            const FIX: &str = "connect now: the consent is given, and makes no connection by itself";
            checks.refuse(
                Check::CallbackState,
                expected,
                "an administrator's consent, which nobody's sign-in waits for",
                FIX,
            );
            return Verdict::Foreign("the administrator's consent is given; a connection is made by a sign-in");
        }
        const FIX: &str = "begin a new sign-in: a state is made for one sign-in and accepted once";
        let received = match only(parameters, "state") {
            Some(_) => "a state that no sign-in waits for",
            None if parameters.iter().any(|(name, _)| name == "state") => "several states",
            None => "no state",
        };
        checks.refuse(Check::CallbackState, expected, received, FIX);
        return Verdict::Foreign("the state of the answer is not one that this connector waits for");
    }
    checks.pass(Check::CallbackState, "the state that was sent", "the same");
    if let Some(error) = parameters.iter().find(|(name, _)| name == "error").map(|(_, error)| error.as_str()) {
        let error = OAuthError::new(error, only(parameters, "error_description"));
        // Cancel on the sign-in page brings no description, and a subcode that no standard knows
        let is_cancelled = only(parameters, "error_subcode") == Some("cancel")
            || (error.error == DENIED && error.description.is_none());
        let fix = if is_cancelled {
            "connect again, and sign in to the end"
        } else {
            "what the identity provider refused: see the checks of the exchange before this one"
        };
        checks.refuse(Check::CallbackCode, "a code", format!("error={}", error.sentence()), fix);
        return if is_cancelled { Verdict::Cancelled(error) } else { Verdict::Refused(error) };
    }
    match only(parameters, "code").filter(|code| !code.is_empty()) {
        Some(code) => {
            checks.pass(Check::CallbackCode, "a code", "a code");
            Verdict::Redeem(code.to_owned())
        }
        None => {
            let fix = "connector.authorization_url: an authorization endpoint that answers response_type=code";
            checks.refuse(Check::CallbackCode, "a code", "neither one code nor an error", fix);
            Verdict::Empty
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::exchange::parameters;

    use super::*;

    const PATH: &str = "/redirect/cr938-5fmcpserver";

    fn judged(path: &str, is_awaited: bool, query: &str) -> (Verdict, Checks) {
        let mut checks = Checks::default();
        (judge(path, PATH, is_awaited, &parameters(query), &mut checks), checks)
    }

    #[test]
    fn a_code_with_the_awaited_state_at_the_awaited_place_is_redeemed() {
        let (verdict, checks) = judged(PATH, true, "code=c&state=s&session_state=x");
        assert_eq!(verdict, Verdict::Redeem("c".into()));
        assert_eq!(checks.refusal(), None);
        assert_eq!(checks.0.len(), 3);
    }

    #[test]
    fn an_administrators_consent_that_comes_back_is_told_as_such() {
        let (verdict, checks) = judged(PATH, false, "admin_consent=True&tenant=t");
        assert!(matches!(verdict, Verdict::Foreign(why) if why.contains("consent is given")), "{verdict:?}");
        assert!(checks.refusal().is_some_and(|refusal| refusal.check == Check::CallbackState));
        let (verdict, _) = judged(PATH, false, "admin_consent=True&tenant=t&error=access_denied");
        assert!(matches!(verdict, Verdict::Foreign(why) if why.contains("state")), "{verdict:?}");
    }

    #[test]
    fn atk_f01_and_f12_nothing_else_is() {
        let table = [
            ("/redirect/other", true, "code=c&state=s", Check::CallbackReached),
            ("/redirect", true, "code=c&state=s", Check::CallbackReached),
            (PATH, false, "code=c&state=wrong", Check::CallbackState),
            (PATH, false, "code=c", Check::CallbackState),
            (PATH, false, "code=c&admin_consent=True", Check::CallbackState),
            (PATH, false, "code=c&state=s&state=s", Check::CallbackState),
            (PATH, true, "state=s", Check::CallbackCode),
            (PATH, true, "state=s&code=", Check::CallbackCode),
            (PATH, true, "state=s&code=a&code=b", Check::CallbackCode),
            (PATH, true, "state=s&code=a&error=access_denied", Check::CallbackCode),
        ];
        for (path, is_awaited, query, check) in table {
            let (verdict, checks) = judged(path, is_awaited, query);
            assert!(!matches!(verdict, Verdict::Redeem(_)), "{path}?{query}");
            assert_eq!(checks.refusal().map(|refusal| refusal.check), Some(check), "{path}?{query}");
        }
    }

    #[test]
    fn an_error_is_read_with_its_number() {
        let (verdict, _) =
            judged(PATH, true, "error=access_denied&error_description=AADSTS65004%3a+User+declined&state=s");
        let Verdict::Refused(error) = verdict else { panic!("{verdict:?}") };
        assert_eq!((error.error.as_str(), error.aadsts), ("access_denied", Some(65004)));
        assert_eq!(error.sentence(), "access_denied: AADSTS65004: User declined");
    }

    #[test]
    fn who_turns_back_has_cancelled() {
        for (query, is_cancelled) in [
            ("error=access_denied&error_subcode=cancel&state=s", true),
            ("error=access_denied&error_description=x&error_subcode=cancel&state=s", true),
            ("error=access_denied&state=s", true),
            ("error=access_denied&error_description=AADSTS65004%3a+User+declined&state=s", false),
            ("error=server_error&state=s", false),
        ] {
            let (verdict, checks) = judged(PATH, true, query);
            assert_eq!(matches!(verdict, Verdict::Cancelled(_)), is_cancelled, "{query}");
            let refusal = checks.refusal().unwrap();
            assert_eq!(refusal.check, Check::CallbackCode);
            assert_eq!(refusal.fix.as_deref().unwrap().starts_with("connect again"), is_cancelled, "{query}");
        }
    }
}
