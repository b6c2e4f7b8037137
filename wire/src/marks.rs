//! What the lab's client and the lab's recorder have agreed on: headers that nobody else sees, a time, and where a party
//! that sends while it answers notes which exchange that is.

use std::time::Duration;

use http::HeaderName;

/// Names the lab's own client to the lab's own parties; removed before anything else sees the request.
pub const FROM: HeaderName = HeaderName::from_static("x-entralab-from");

/// Tells the lab's own parties during which exchange the lab's own client sends; removed as the first one is.
pub const CAUSE: HeaderName = HeaderName::from_static("x-entralab-cause");

/// Tells the lab's own client the number of the exchange; sent to nobody else.
pub const EXCHANGE: HeaderName = HeaderName::from_static("x-entralab-exchange");

/// Tells the lab's own client that the answer came too late for it; sent to nobody else.
pub const LATE: HeaderName = HeaderName::from_static("x-entralab-late");

/// How long a client of the lab waits for an answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

tokio::task_local! {
    /// The number of the exchange that this task answers.
    pub static ANSWERING: u64;
}
