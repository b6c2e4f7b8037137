//! Raw `http` steps: one request as written, and what came of it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use mock_client::browser::forms::Page;
use scenarios::{HttpBody, HttpRequest};
use serde_json::{Map, Value, json};
use wire::exchange::{Parameters, parameters};

/// What goes over the wire. `speak` translates cloud names.
///
/// # Errors
/// Why it cannot be sent, in words.
pub(super) fn message(request: &HttpRequest, speak: impl Fn(&str) -> String) -> Result<Request<Bytes>, String> {
    let uri = uri(request, &speak(&request.url))?;
    let mut headers = HeaderMap::new();
    let body = match &request.body {
        HttpBody::Text(text) => text.clone(),
        HttpBody::Form(form) => {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            encoded(form)
        }
        HttpBody::Json(json) => {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            json.to_string()
        }
    };
    for (name, value) in &request.headers {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(&text(value))) {
            (Ok(name), Ok(value)) => drop(headers.insert(name, value)),
            _ => return Err(format!("the header '{name}' cannot be sent")),
        }
    }
    let mut message = Request::new(Bytes::from(body));
    *message.method_mut() = Method::from_bytes(request.method.as_bytes()).unwrap_or_default();
    *message.uri_mut() = uri;
    *message.headers_mut() = headers;
    Ok(message)
}

fn uri(request: &HttpRequest, url: &str) -> Result<Uri, String> {
    let mut url = url::Url::parse(url).map_err(|error| format!("'{url}' is no URL: {error}"))?;
    if !request.query.is_empty() {
        let pairs = request.query.iter().map(|(name, value)| (name, text(value)));
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url.set_fragment(None);
    url.as_str().parse().map_err(|error| format!("'{url}' cannot be sent: {error}"))
}

fn encoded(form: &[(String, Value)]) -> String {
    let pairs = form.iter().map(|(name, value)| (name, text(value)));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The outcome that expectations see, of a request to `url`.
pub(super) fn outcome(response: &http::Response<Bytes>, url: &Uri) -> Value {
    let shown = |value: &HeaderValue| Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned());
    let headers: Map<String, Value> =
        response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), shown(value))).collect();
    let location = headers.get("location").and_then(Value::as_str).map(str::to_owned);
    let mut outcome = json!({
        "status": response.status().as_u16(),
        "headers": headers,
        "body": String::from_utf8_lossy(response.body()),
    });
    if let Ok(json) = serde_json::from_slice::<Value>(response.body()) {
        outcome["json"] = json;
    }
    if let Some(form) = form(response, url) {
        outcome["form"] = form;
    }
    if let Some(location) = location {
        outcome["location_query"] = location_parameters(&location).into_iter().map(|(k, v)| (k, json!(v))).collect();
        outcome["location"] = json!(location);
    }
    outcome
}

/// What the first form of a page holds: its controls by their names, as they were sent.
fn form(response: &http::Response<Bytes>, url: &Uri) -> Option<Value> {
    let kind = response.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let url = kind.starts_with("text/html").then(|| url.to_string().parse().ok())??;
    let page = Page::read(response.body(), &url);
    let controls = &page.forms.first()?.controls;
    let mut held = Map::new();
    for control in controls.iter().filter(|control| !control.name.is_empty()) {
        held.entry(control.name.clone()).or_insert_with(|| json!(control.value));
    }
    Some(Value::Object(held))
}

/// The parameters of a redirect: of its query, and of its fragment.
fn location_parameters(location: &str) -> Parameters {
    let (before, fragment) = location.split_once('#').unwrap_or((location, ""));
    let query = before.split_once('?').map_or("", |(_, query)| query);
    parameters(query).into_iter().chain(parameters(fragment)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_what_its_first_form_holds() {
        let html = r#"<form method="post"><input type="hidden" name="flowToken" value="t"><input name="otc">
            <button name="decision" value="accept">Yes</button><button name="decision" value="cancel">No</button></form>
            <form><input name="another"></form>"#;
        let page = |kind: &str| {
            let built = http::Response::builder().header("content-type", kind).body(Bytes::from(html));
            outcome(&built.unwrap(), &Uri::from_static("https://login.example/page"))
        };
        let held = json!({"flowToken": "t", "otc": "", "decision": "accept"});
        assert_eq!(page("text/html; charset=utf-8")["form"], held);
        assert_eq!(page("text/plain")["form"], Value::Null);
    }

    #[test]
    fn a_redirect_carries_parameters_in_query_and_fragment() {
        let found = location_parameters("https://a/b?code=c%20d#state=s");
        assert_eq!(found, [("code".to_owned(), "c d".to_owned()), ("state".to_owned(), "s".to_owned())]);
    }
}
