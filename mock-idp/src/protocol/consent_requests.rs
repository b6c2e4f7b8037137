//! What users ask their administrators for, where they may not consent themselves.
//!
//! Rules: Microsoft Entra, "Configure the admin consent workflow". There a request ends after some days; here it waits
//! until it is answered, or until too many newer ones have come.

use std::collections::VecDeque;

use jiff::Timestamp;
use uuid::Uuid;

use super::consent::AskedIds;

/// How long a justification may be, in characters.
pub const LONGEST_JUSTIFICATION: usize = 500;

/// How many requests are kept.
const REQUESTS: usize = 1_000;

/// One user's request for one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRequest {
    /// Its id.
    pub id: Uuid,
    /// The client id of the application.
    pub client: Uuid,
    /// The user's object id, which belongs to one tenant.
    pub user: Uuid,
    /// What is asked for.
    pub asked: Vec<AskedIds>,
    /// Why, in the user's words.
    pub justification: String,
    /// The address to which the application's answers go; a device has none.
    pub redirect_uri: Option<String>,
    /// When.
    pub requested_at: Timestamp,
    /// Whether an administrator has said no.
    pub denied: bool,
}

/// The requests, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct ConsentRequests(VecDeque<ConsentRequest>);

impl ConsentRequests {
    /// Adds a request, in the place of the same user's for the same application.
    pub fn add(&mut self, request: ConsentRequest) {
        self.0.retain(|earlier| (earlier.client, earlier.user) != (request.client, request.user));
        if self.0.len() >= REQUESTS {
            self.0.pop_front();
        }
        self.0.push_back(request);
    }

    /// The user's request for the application.
    #[must_use]
    pub fn of(&self, client: Uuid, user: Uuid) -> Option<&ConsentRequest> {
        self.0.iter().find(|request| (request.client, request.user) == (client, user))
    }

    /// Says no to a request. Whether there is one of this id.
    pub fn deny(&mut self, id: Uuid) -> bool {
        let found = self.0.iter_mut().find(|request| request.id == id);
        found.map(|request| request.denied = true).is_some()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ConsentRequest> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: u128, user: u128) -> ConsentRequest {
        ConsentRequest {
            id: Uuid::from_u128(id),
            client: Uuid::nil(),
            user: Uuid::from_u128(user),
            asked: Vec::new(),
            justification: String::new(),
            redirect_uri: None,
            requested_at: Timestamp::UNIX_EPOCH,
            denied: false,
        }
    }

    #[test]
    fn a_user_has_one_request_for_an_application_and_the_newest_are_kept() {
        let mut requests = ConsentRequests::default();
        requests.add(request(1, 1));
        assert!(requests.deny(Uuid::from_u128(1)) && !requests.deny(Uuid::from_u128(2)));
        requests.add(request(2, 1));
        let of_one = requests.of(Uuid::nil(), Uuid::from_u128(1)).unwrap();
        assert_eq!((of_one.id, of_one.denied, requests.iter().count()), (Uuid::from_u128(2), false, 1));
        (0..5_000).for_each(|user| requests.add(request(user + 10, user)));
        assert_eq!(requests.iter().count(), REQUESTS);
        assert!(requests.of(Uuid::nil(), Uuid::from_u128(4_999)).is_some());
    }
}
