//! Local mode: a world whose URLs real browsers and SDKs can reach.

use url::{Origin, Url};

use crate::world::World;

/// The world with every absolute URL whose origin is in `origins` (cloud, local) moved to the local one. The rest of
/// the URL stays as written, and `api://` URIs, ids, names and secrets stay as they are.
#[must_use]
pub fn localize(world: &World, origins: &[(String, String)]) -> World {
    let moves = Moves::of(origins);
    let mut world = world.clone();
    for app in world.idp.apps.values_mut() {
        let redirects = &mut app.redirect_uris;
        let lists = [&mut app.identifier_uris, &mut redirects.web, &mut redirects.spa, &mut redirects.public];
        lists.into_iter().flatten().chain(&mut app.logout_url).for_each(|url| moves.url(url));
        for federated in app.federated_credentials.values_mut() {
            moves.url(&mut federated.issuer);
            federated.audiences.iter_mut().for_each(|audience| moves.url(audience));
        }
    }
    let gate = &mut world.gate;
    [&mut gate.url, &mut gate.issuer].into_iter().for_each(|url| moves.url(url));
    gate.allowed_audiences.iter_mut().for_each(|audience| moves.url(audience));
    let cors = gate.cors.as_mut();
    cors.into_iter().flat_map(|cors| &mut cors.allowed_origins).for_each(|origin| moves.url(origin));
    world.mcp.allowed_hosts.iter_mut().flatten().for_each(|host| moves.host(host));
    let connector = &mut world.connector;
    let urls = [
        &mut connector.server_url,
        &mut connector.authorization_url,
        &mut connector.token_url,
        &mut connector.refresh_url,
        &mut connector.login_uri,
        &mut connector.consent_host,
        &mut connector.test_console.page_origin,
    ];
    urls.into_iter().chain(&mut connector.resource_url).for_each(|url| moves.url(url));
    moves.each_word(&mut connector.scopes, |c| c.is_whitespace() || c == ',');
    let templates = [
        &mut connector.authorization_url_query_string_template,
        &mut connector.token_body_template,
        &mut connector.refresh_body_template,
    ];
    templates
        .into_iter()
        .flatten()
        .for_each(|template| moves.each_word(template, |c| c.is_whitespace() || "?&=+".contains(c)));
    world
}

/// Which origin goes where.
struct Moves<'o>(Vec<(Origin, &'o str)>);

impl<'o> Moves<'o> {
    fn of(origins: &'o [(String, String)]) -> Self {
        let pairs = origins
            .iter()
            .filter_map(|(cloud, local)| Some((Url::parse(cloud).ok()?.origin(), local.trim_end_matches('/'))));
        Self(pairs.collect())
    }

    fn moved(&self, url: &str) -> Option<String> {
        let scheme_end = url.find("://")? + 3;
        let authority_end = url[scheme_end..].find(['/', '?', '#', '\\']).map_or(url.len(), |end| scheme_end + end);
        let (front, rest) = url.split_at(authority_end);
        if !["http://", "https://"].contains(&url[..scheme_end].to_ascii_lowercase().as_str()) {
            return None;
        }
        let origin =
            Url::parse(front).ok().filter(|url| url.username().is_empty() && url.password().is_none())?.origin();
        let (_, local) = self.0.iter().find(|(cloud, _)| *cloud == origin)?;
        Some(format!("{local}{rest}"))
    }

    fn url(&self, url: &mut String) {
        if let Some(moved) = self.moved(url) {
            *url = moved;
        }
    }

    /// A host name without scheme, as host lists have it.
    fn host(&self, host: &mut String) {
        let moved = self.moved(&format!("https://{host}")).or_else(|| self.moved(&format!("http://{host}")));
        if let Some(url) = moved.and_then(|url| Url::parse(&url).ok())
            && let Some(local) = url.host_str()
        {
            *host = local.to_owned();
        }
    }

    /// The words of a text, between what separates them.
    fn each_word(&self, text: &mut String, separator: fn(char) -> bool) {
        let mut moved = String::with_capacity(text.len());
        for piece in text.split_inclusive(separator) {
            let word = piece.trim_end_matches(separator);
            moved.push_str(&self.moved(word).unwrap_or_else(|| word.to_owned()));
            moved.push_str(&piece[word.len()..]);
        }
        *text = moved;
    }
}
