//! What each step does, in a lab.

use std::collections::HashMap;

use mock_client::{Browser, ConnectOutcome, ConsentAnswer, Credentials};
use scenarios::{Action, Captures, Consent, Problem, Problems, Scenario, SignIn, Step};
use serde_json::{Value, json};

use super::{Observed, PlayedStep, accidents, compare_member, hops, label, observe, requests};
use crate::Lab;

/// Plays the steps of one scenario in one lab.
pub(super) struct Player<'s> {
    pub scenario: &'s Scenario,
    lab: Lab,
    captures: Captures,
    /// Each person has a browser of their own.
    browsers: HashMap<String, Browser>,
    /// Who connected last; steps that name nobody are theirs.
    user: Option<String>,
}

impl<'s> Player<'s> {
    pub(super) fn new(scenario: &'s Scenario, lab: Lab) -> Self {
        Self { scenario, lab, captures: Captures::default(), browsers: HashMap::new(), user: None }
    }

    /// Plays `step` and compares what came with what it expects.
    pub(super) async fn play(&mut self, step: &Step) -> Result<PlayedStep, Problems> {
        let step = self.scenario.interpolate(step, &self.lab.world(), &self.captures)?;
        let lab = self.lab.clone();
        let observed = observe(&lab, label(&step.action), self.act(&step)).await?;
        let Observed { label, outcome, exchanges, duration_us } = observed;
        let mut mismatches: Vec<_> = step
            .expect
            .iter()
            .flat_map(|(member, expected)| compare_member(member, expected, outcome.get(member)))
            .collect();
        mismatches.extend(hops::compare(&step.hops, &exchanges));
        mismatches.extend(hops::compare_never(&step.never, &exchanges));
        if let Err(missing) = self.captures.keep(&step, &outcome) {
            mismatches.extend(missing);
        }
        let expects_nothing =
            step.expect.is_empty() && step.hops.is_empty() && step.never.is_empty() && step.keep.is_empty();
        Ok(PlayedStep { label, outcome, exchanges, duration_us, span: step.span.clone(), mismatches, expects_nothing })
    }

    async fn act(&mut self, step: &Step) -> Result<Value, Problems> {
        let impossible = |check, error: &dyn std::fmt::Display, fix| {
            Problems::from(Problem::at(&step.span, check, error.to_string(), fix))
        };
        let outcome = match &step.action {
            Action::Connect { user, consent, sign_in } => return Ok(self.connect(user, *consent, sign_in).await),
            Action::TestOperation { user } => {
                let user = self.who(user.as_ref());
                let connector = self.lab.connector.clone();
                json!(connector.test_operation(self.browser_of(&user), &user).await)
            }
            Action::ListTools { user } => json!(self.lab.connector.list_tools(&self.who(user.as_ref())).await),
            Action::Ask { question, user } => json!(self.lab.connector.ask(&self.who(user.as_ref()), question).await),
            Action::GrantAdminConsent { client, resource } => {
                let world = self.lab.world();
                let patch = Scenario::grant_admin_consent_patch(&world, client, resource.as_deref());
                self.change(&patch)?
            }
            Action::Refresh { user } => json!(self.lab.connector.refresh(&self.who(user.as_ref())).await),
            Action::ExpireSecret { app, secret } => {
                let world = self.lab.world();
                let patch = Scenario::expire_secret_patch(&world, app, secret.as_deref(), self.lab.clock.now());
                self.change(&patch)?
            }
            Action::RotateKeys { overlap } => {
                let made = self.lab.rotate_keys(*overlap);
                made.map_err(|error| {
                    impossible("keys.made", &error, "this is no fault of the file: please report it")
                })?;
                json!({})
            }
            Action::Fault(accident) => {
                self.lab.faults.inject(accidents::fault(accident));
                json!({})
            }
            Action::Http(request) => {
                let message = match requests::message(request, |url| self.lab.speak(url)) {
                    Ok(message) => message,
                    Err(why) => return Ok(json!({ "message": why })),
                };
                let url = message.uri().clone();
                let reply = match &request.user {
                    Some(user) => self.browser_of(user).request(message).await,
                    None => self.lab.client(request.from).send(message).await,
                };
                reply.map_or_else(
                    |error| json!({ "message": error.to_string() }),
                    |reply| requests::outcome(&reply.response, &url),
                )
            }
            Action::Change { patch } => self.change(patch)?,
            Action::AdvanceClock { by } => {
                let moved = self.lab.clock.advance(*by);
                moved.map_err(|error| {
                    impossible("clock.range", &error, "let less time pass, or start `clock` earlier")
                })?;
                json!({ "now": self.lab.clock.now().to_string() })
            }
        };
        Ok(outcome)
    }

    async fn connect(&mut self, user: &str, consent: Consent, sign_in: &SignIn) -> Value {
        let consent = match consent {
            Consent::Accept => ConsentAnswer::Accept,
            Consent::Decline => ConsentAnswer::Decline,
        };
        let Some(person) = self.lab.world().idp.users.get(user).cloned() else {
            return json!(ConnectOutcome::failed(format!("nobody in this world is called '{user}'")));
        };
        self.user = Some(user.to_owned());
        let own = Credentials::of(&person);
        let credentials = Credentials {
            username: sign_in.username.clone().unwrap_or(own.username),
            password: sign_in.password.clone().unwrap_or(own.password),
        };
        let connector = self.lab.connector.clone();
        let browser = self.browser_of(sign_in.browser.as_deref().unwrap_or(user));
        browser.pause(sign_in.pause.unwrap_or_default());
        json!(connector.connect(browser, user, &credentials, consent).await)
    }

    /// A person's own browser: cookies of another one would be somebody else's sign-in.
    fn browser_of(&mut self, user: &str) -> &mut Browser {
        self.browsers.entry(user.to_owned()).or_insert_with(|| self.lab.browser())
    }

    fn change(&mut self, patch: &Value) -> Result<Value, Problems> {
        let world = self.scenario.change_world(&self.lab.world(), patch)?;
        self.lab.change(world);
        Ok(json!({}))
    }

    /// The person a step is for: who it names, else who connected last.
    fn who(&self, named: Option<&String>) -> String {
        named.or(self.user.as_ref()).cloned().unwrap_or_default()
    }
}
