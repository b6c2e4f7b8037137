//! Reading a page: its title, the error it shows, and its forms as a browser without JavaScript would submit them.

use scraper::{ElementRef, Html};
use url::Url;

/// The most of a page that is read.
const PAGE_LIMIT_BYTES: usize = 1024 * 1024;

/// What the browser sees of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The text of `<title>`.
    pub title: String,
    /// The error that the page shows.
    pub error: Option<PageError>,
    /// The forms, in order.
    pub forms: Vec<Form>,
    /// The code that the emulator's authenticator app shows (`data-otc`).
    pub one_time_code: Option<String>,
    /// Whether a script of the page submits its form without being asked.
    pub submits_itself: bool,
}

/// An error of the identity provider on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageError {
    /// The AADSTS number.
    pub aadsts: u32,
    /// The text that names it.
    pub text: String,
    /// Whether the page marks it for programs (`data-aadsts`); otherwise it was found in the text.
    pub marked: bool,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it is sent.
    pub action: Url,
    /// Whether it is sent as POST.
    pub is_post: bool,
    /// The controls that belong to it, in tree order.
    pub controls: Vec<Control>,
}

/// A control of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// What it is.
    pub kind: ControlKind,
    /// Its `id`.
    pub id: String,
    /// Its `name`; empty ones are not sent.
    pub name: String,
    /// What it holds.
    pub value: String,
    /// A button's own `formaction`.
    pub action: Option<Url>,
}

/// The kinds of controls that are sent in different ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ControlKind {
    /// Something to fill in.
    #[default]
    Field,
    /// Sent as it is, and not shown.
    Hidden,
    /// Sent only if it was clicked.
    Button,
    /// Never sent: disabled, not checked, or a kind that this browser does not fill.
    Silent,
}

/// A request that a form makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Where it goes, with the query of a GET form.
    pub url: Url,
    /// The encoded body of a POST form.
    pub body: Option<String>,
}

impl Page {
    /// Reads the page that came from `url`.
    #[must_use]
    pub fn read(html: &[u8], url: &Url) -> Self {
        let html = String::from_utf8_lossy(&html[..html.len().min(PAGE_LIMIT_BYTES)]);
        let document = Html::parse_document(&html);
        let elements = || document.root_element().descendent_elements();
        let base = elements()
            .find_map(|element| (element.value().name() == "base").then(|| url.join(element.attr("href")?).ok())?)
            .unwrap_or_else(|| url.clone());
        let title = elements().find(|element| element.value().name() == "title");
        let form_elements: Vec<ElementRef<'_>> =
            elements().filter(|element| element.value().name() == "form").collect();
        let mut forms: Vec<Option<Form>> = form_elements.iter().map(|form| empty_form(*form, &base, url)).collect();
        for element in elements() {
            let Some(control) = control(element, &base) else { continue };
            if let Some(Some(form)) = owner(element, &form_elements).and_then(|place| forms.get_mut(place)) {
                form.controls.push(control);
            }
        }
        Self {
            title: title.map(|title| one_line(&title.text().collect::<String>())).unwrap_or_default(),
            error: error(&document),
            forms: forms.into_iter().flatten().collect(),
            one_time_code: elements().find_map(|element| element.attr("data-otc")).map(str::to_owned),
            submits_itself: submits_itself(&document),
        }
    }
}

impl Form {
    /// The control of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.kind == ControlKind::Field && control.name == name)
    }

    /// The button of that id.
    #[must_use]
    pub fn button(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.kind == ControlKind::Button && control.id == id)
    }

    /// The button that Enter presses.
    #[must_use]
    pub fn default_button(&self) -> Option<&Control> {
        self.controls.iter().find(|control| control.kind == ControlKind::Button)
    }

    /// The request that clicking `button` makes after `filled` was typed (HTML, "form submission algorithm").
    #[must_use]
    pub fn submit(&self, filled: &[(&str, &str)], button: Option<&Control>) -> Submission {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        for control in &self.controls {
            let value = match control.kind {
                ControlKind::Field => filled
                    .iter()
                    .find(|(name, _)| *name == control.name)
                    .map_or(control.value.as_str(), |(_, text)| *text),
                ControlKind::Hidden => control.value.as_str(),
                ControlKind::Button if button.is_some_and(|clicked| std::ptr::eq(clicked, control)) => {
                    control.value.as_str()
                }
                ControlKind::Button | ControlKind::Silent => continue,
            };
            if !control.name.is_empty() {
                encoded.append_pair(&control.name, value);
            }
        }
        let encoded = encoded.finish();
        let mut url = button.and_then(|button| button.action.clone()).unwrap_or_else(|| self.action.clone());
        url.set_fragment(None);
        if self.is_post {
            return Submission { url, body: Some(encoded) };
        }
        url.set_query(Some(&encoded));
        Submission { url, body: None }
    }
}

/// The form without its controls; none where its action is no URL.
fn empty_form(form: ElementRef<'_>, base: &Url, page: &Url) -> Option<Form> {
    let action = match form.attr("action").map(str::trim) {
        None | Some("") => page.clone(),
        Some(action) => base.join(action).ok()?,
    };
    let is_post = form.attr("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("post"));
    Some(Form { action, is_post, controls: Vec::new() })
}

/// The place of the form that `element` belongs to: the one it names, or the one around it.
fn owner(element: ElementRef<'_>, forms: &[ElementRef<'_>]) -> Option<usize> {
    match element.attr("form") {
        Some(id) => forms.iter().position(|form| form.attr("id") == Some(id)),
        None => {
            let around =
                element.ancestors().find(|node| node.value().as_element().is_some_and(|e| e.name() == "form"))?;
            forms.iter().position(|form| form.id() == around.id())
        }
    }
}

fn control(element: ElementRef<'_>, base: &Url) -> Option<Control> {
    let kind_of_input = element.attr("type").map(str::to_ascii_lowercase);
    let mut value = element.attr("value").unwrap_or_default().to_owned();
    let mut kind = match (element.value().name(), kind_of_input.as_deref()) {
        ("input", Some("hidden")) => ControlKind::Hidden,
        ("input", Some("submit" | "image")) | ("button", None | Some("submit" | "")) => ControlKind::Button,
        ("input", Some("checkbox" | "radio")) => {
            if element.attr("value").is_none() {
                "on".clone_into(&mut value);
            }
            if element.attr("checked").is_some() { ControlKind::Hidden } else { ControlKind::Silent }
        }
        ("input", Some("button" | "reset" | "file")) | ("button", _) => ControlKind::Silent,
        ("input", _) => ControlKind::Field,
        ("textarea", _) => {
            value = element.text().collect();
            ControlKind::Field
        }
        ("select", _) => match selected(element) {
            Some(option) => {
                value = option;
                ControlKind::Hidden
            }
            None => ControlKind::Silent,
        },
        _ => return None,
    };
    if element.attr("disabled").is_some() {
        kind = ControlKind::Silent;
    }
    Some(Control {
        kind,
        id: element.attr("id").unwrap_or_default().to_owned(),
        name: element.attr("name").unwrap_or_default().to_owned(),
        value,
        action: element.attr("formaction").and_then(|action| base.join(action.trim()).ok()),
    })
}

/// The value of the option that a list shows.
fn selected(list: ElementRef<'_>) -> Option<String> {
    let options = || list.descendent_elements().filter(|element| element.value().name() == "option");
    let shown = options().find(|option| option.attr("selected").is_some()).or_else(|| options().next())?;
    Some(shown.attr("value").map_or_else(|| one_line(&shown.text().collect::<String>()), str::to_owned))
}

/// The error that a page shows: marked for programs, or named in its text.
fn error(document: &Html) -> Option<PageError> {
    let marked = document.root_element().descendent_elements().find_map(|element| {
        let number = element.attr("data-aadsts")?.trim();
        let aadsts = number.strip_prefix("AADSTS").unwrap_or(number).parse().ok()?;
        Some((element, aadsts))
    });
    if let Some((element, aadsts)) = marked {
        let text = visible_text(element);
        let text = match aadsts_in(&text) {
            // the mark may stand on a wrapper of the whole page: what counts starts at the code
            Some((_, start)) => text[start..].to_owned(),
            None => text,
        };
        return Some(PageError { aadsts, text, marked: true });
    }
    let text = visible_text(document.root_element());
    let (aadsts, start) = aadsts_in(&text)?;
    Some(PageError { aadsts, text: text[start..].to_owned(), marked: false })
}

/// The first AADSTS number in a text, and where it starts.
#[must_use]
pub fn aadsts_in(text: &str) -> Option<(u32, usize)> {
    text.match_indices("AADSTS").find_map(|(start, prefix)| {
        let digits = &text[start + prefix.len()..];
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        Some((digits[..end].parse().ok()?, start))
    })
}

/// The text that a person sees, in one line.
fn visible_text(element: ElementRef<'_>) -> String {
    let is_hidden = |name: &str| matches!(name, "script" | "style" | "noscript" | "title" | "template");
    let mut text = String::new();
    for node in element.descendants() {
        let Some(piece) = node.value().as_text() else { continue };
        if node.parent().and_then(|parent| parent.value().as_element()).is_some_and(|parent| is_hidden(parent.name())) {
            continue;
        }
        text.push_str(piece);
        text.push(' ');
    }
    one_line(&text)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a script calls `submit()`, as the pages of `response_mode=form_post` do.
fn submits_itself(document: &Html) -> bool {
    document.root_element().descendent_elements().any(|element| {
        let on_load = element.attr("onload").is_some_and(|script| script.contains("submit()"));
        on_load || (element.value().name() == "script" && element.text().any(|script| script.contains("submit()")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(html: &str) -> Page {
        Page::read(html.as_bytes(), &"https://login.test/t/authorize?x=1".parse().unwrap())
    }

    #[test]
    fn a_form_is_sent_as_a_browser_sends_it() {
        let page = page(
            r#"<form method="POST" action="../login"><input type=hidden name=flow value="a b&amp;c">
               <input name=loginfmt value=old><input type=password name=passwd><input name=off disabled>
               <input type=checkbox name=stay checked><input type=checkbox name=no><input value=nameless>
               <select name=lang><option value=de>Deutsch<option selected>en</select>
               <button name=go value=1 id=first>Go</button><input type=submit name=back value=2 id=second></form>
               <input type=hidden name=stray value=1>"#,
        );
        let form = &page.forms[0];
        let sent = form.submit(&[("loginfmt", "megan@contoso.com"), ("passwd", "p&w")], form.button("second"));
        assert_eq!(sent.url.as_str(), "https://login.test/login");
        assert_eq!(
            sent.body.as_deref(),
            Some("flow=a+b%26c&loginfmt=megan%40contoso.com&passwd=p%26w&stay=on&lang=en&back=2")
        );
        assert!(form.submit(&[], form.default_button()).body.unwrap().ends_with("go=1"));
    }

    #[test]
    fn actions_are_resolved_and_get_forms_replace_the_query() {
        let with_base = page("<base href='https://other.test/x/'><form action='y?z#f'><input name=q value=1></form>");
        assert_eq!(with_base.forms[0].submit(&[], None).url.as_str(), "https://other.test/x/y?q=1");
        let without_action = page("<form method=post></form>");
        assert_eq!(without_action.forms[0].action.as_str(), "https://login.test/t/authorize?x=1");
        let elsewhere = page("<form id=f method=post action=/a></form><button form=f formaction=/b id=x>");
        let form = &elsewhere.forms[0];
        assert_eq!(form.submit(&[], form.button("x")).url.path(), "/b");
    }

    #[test]
    fn the_error_is_the_marked_one_or_the_one_in_the_text() {
        let marked =
            page("<p>Sorry</p><div data-aadsts=50011>AADSTS50011: The redirect URI <b>'x'</b> is not it.</div>");
        let error = marked.error.unwrap();
        assert_eq!((error.aadsts, error.marked), (50011, true));
        assert_eq!(error.text, "AADSTS50011: The redirect URI 'x' is not it.");
        assert_eq!(page("<p>Message: AADSTS90094: grant</p>").error.unwrap().aadsts, 90094);
        for quiet in
            ["<p>AADSTS</p>", "<script>AADSTS50011</script>", "<input value=AADSTS65004>", "<p data-aadsts=no>"]
        {
            assert_eq!(page(quiet).error, None, "{quiet}");
        }
    }

    #[test]
    fn pages_that_submit_themselves_are_noticed() {
        assert!(page("<body onload='document.forms[0].submit()'><form method=post></form>").submits_itself);
        assert!(page("<form></form><script>document.hiddenform.submit();</script>").submits_itself);
        assert!(!page("<form></form>").submits_itself);
    }

    #[test]
    fn endless_nesting_is_read_without_a_deep_stack() {
        let html = "<form><div><select>".repeat(20_000) + "<input name=a>";
        assert!(page(&html).title.is_empty());
    }

    proptest! {
        #[test]
        fn no_page_brings_the_reader_down(html in r#"(<(form|input|button|a|base|select|option)( (action|name|href|type|id|form|data-aadsts)=[^ >]{0,8}){0,3}>|[^<]{0,8}|</form>|<){0,30}"#) {
            let page = page(&html);
            for form in &page.forms {
                let _submission = form.submit(&[("a", "b")], form.default_button());
            }
        }

        #[test]
        fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _page = Page::read(&bytes, &"https://login.test/".parse().unwrap());
        }
    }
}
