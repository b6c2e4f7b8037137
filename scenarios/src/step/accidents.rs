//! Faults as a file asks for them.

use jiff::SignedDuration;
use serde_json::Value;
use wire::Party;

use crate::format;
use crate::problem::Faults;
use crate::step::time::read_duration;
use crate::tree::Node;

/// An accident of the next requests to a party.
#[derive(Clone, Debug, PartialEq)]
pub struct Accident {
    /// The party that receives them.
    pub at: Party,
    /// Their path, in which `*` stands for any text.
    pub path: String,
    /// Their method; any where none is given.
    pub method: Option<String>,
    /// The party that sends them; anybody where nobody is given.
    pub from: Option<Party>,
    /// Their correlation id; any where none is given.
    pub correlation: Option<String>,
    /// The `client_id` that they name; any where none is given.
    pub client_id: Option<String>,
    /// How many there are.
    pub times: u32,
    /// How long they are held.
    pub delay: Option<SignedDuration>,
    /// The status in the party's place.
    pub status: Option<u16>,
    /// The AADSTS code in the identity provider's place.
    pub aadsts: Option<u32>,
    /// The body in the party's place.
    pub body: Option<Value>,
    /// The headers in the party's place.
    pub headers: Vec<(String, String)>,
    /// After how many bytes the answer breaks off.
    pub drop_after_bytes: Option<u32>,
}

/// Reads a `fault` step whose shape is right.
pub(crate) fn read(fault: format::Fault, node: &Node, faults: &mut Faults) -> Option<Accident> {
    let place = |key: &str| node.get(key).map_or_else(|| node.span.clone(), |node| node.span.clone());
    let at: Party = fault.at.parse().ok()?;
    if fault.aadsts.is_some() && at != Party::Idp {
        let message = format!("only the identity provider answers with AADSTS codes, and this is at `{at}`");
        faults.at(&place("aadsts"), "fault.party", message, "write `at: idp`, or `status` and `body`");
    }
    if fault.aadsts.is_some() && fault.body.is_some() {
        let message = "`aadsts` makes the body, and this fault has one of its own";
        faults.at(&place("body"), "fault.twice", message, "keep one of the two");
    }
    let answers = fault.status.is_some() || fault.aadsts.is_some();
    for key in ["body", "headers"] {
        if node.get(key).is_some() && !answers {
            let message = format!("`{key}` belongs to an answer, and this fault gives none");
            faults.at(&place(key), "fault.answer", message, "add `status:`, such as 503");
        }
    }
    if !answers && fault.delay.is_none() && fault.drop_after_bytes.is_none() {
        let fix = "add one of `delay`, `status`, `aadsts`, `drop_after_bytes`";
        faults.at(&node.span, "fault.nothing", "this fault does nothing", fix);
    }
    if !fault.path.starts_with(['/', '*', '$']) {
        let message = "the path of a fault starts with `/` or `*`";
        faults.at(&place("path"), "value.form", message, "write such as /common/oauth2/token, or */token");
    }
    let delay = match &fault.delay {
        Some(text) => Some(read_duration(text, &place("delay"), faults)?),
        None => None,
    };
    Some(Accident {
        at,
        path: fault.path,
        method: fault.method,
        from: fault.from.and_then(|from| from.parse().ok()),
        correlation: fault.correlation,
        client_id: fault.client_id,
        times: fault.times.unwrap_or(1),
        delay,
        status: fault.status,
        aadsts: fault.aadsts,
        body: fault.body,
        headers: fault.headers.into_iter().flatten().collect(),
        drop_after_bytes: fault.drop_after_bytes,
    })
}
