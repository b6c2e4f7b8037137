//! The browser that the program opens. `BROWSER` names a script that hands the address to us, and the lab's scripted
//! browser signs a person of the world in: a person's own browser would go to the cloud.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use mock_client::browser::SignInEnd;
use mock_client::{ConsentAnswer, Credentials};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;
use wire::exchange::query_of;
use wire::network::loopback_address;

use crate::commands::connect::person;
use crate::commands::{Common, Exit, Failure};
use crate::lab::Lab;
use crate::report::visible::visible;

/// Hands its argument over, and ends at once: programs wait for it before they wait for the answer.
const SCRIPT: &str = "#!/bin/sh\nprintf '%s\\n' \"$1\" > \"${0%/*}/visits\"\n";

/// Writes the script into `folder`, which is this user's alone, and lets `user`, or the first who has no directory role, be
/// the person at the browser, for as long as the runtime lives; none on a machine without `mkfifo`.
pub(super) fn open(folder: &Path, lab: &Lab, user: Option<&str>, common: Common) -> Result<Option<PathBuf>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Environment, "exec.browser", format!("cannot stand in for a browser: {error}"))
    };
    let (script, visits) = (folder.join("browser"), folder.join("visits"));
    std::fs::write(&script, SCRIPT).map_err(failed)?;
    std::fs::set_permissions(&script, Permissions::from_mode(0o700)).map_err(failed)?;
    // POSIX has it wherever it has sh; without it programs open no browser, which few of them do
    let made = match Command::new("mkfifo").arg(&visits).status() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        made => made.map_err(failed)?,
    };
    if !made.success() {
        return Err(failed(std::io::Error::other("mkfifo failed")));
    }
    // open for writing too: it does not end when a script does
    let visits = pipe::OpenOptions::new().read_write(true).open_receiver(&visits).map_err(failed)?;
    let found = person(&lab.world(), user).ok().and_then(|(_, user)| user.map(Credentials::of));
    // in a world without people the pages say so themselves
    let person = found.unwrap_or_else(|| Credentials { username: "nobody".to_owned(), password: String::new() });
    tokio::spawn(serve(visits, lab.clone(), person, common));
    Ok(Some(script))
}

/// Opens what the program wants opened, one after the other.
async fn serve(visits: pipe::Receiver, lab: Lab, person: Credentials, common: Common) {
    let mut lines = BufReader::new(visits).lines();
    while let Ok(Some(url)) = lines.next_line().await {
        if let Some(trouble) = visit(&lab, &url, &person).await
            && !common.quiet
            && !common.json
        {
            eprintln!("{}", visible(&format!("entralab: the browser of {}: {trouble}", person.username)));
        }
    }
}

/// Opens one address and signs in where it leads; why that came to nothing, in words.
async fn visit(lab: &Lab, url: &str, person: &Credentials) -> Option<String> {
    let redirect_uri = query_of(url).into_iter().find(|(name, _)| name == "redirect_uri").map(|(_, uri)| uri);
    let redirect_uri = redirect_uri.unwrap_or_default();
    for program in [url, &redirect_uri] {
        lab.reach(program);
    }
    match lab.browser().sign_in(url, &redirect_uri, person, ConsentAnswer::Accept).await {
        SignInEnd::Callback => None,
        SignInEnd::ErrorPage { text, .. } if text.contains("AADSTS") => Some(text),
        SignInEnd::ErrorPage { aadsts, text } => Some(format!("AADSTS{aadsts}: {text}")),
        // a page of the program itself
        SignInEnd::Unrecognised { url, .. } if loopback_address(&url).is_some() => None,
        SignInEnd::Unrecognised { url, status, title } => {
            Some(format!("{url} answered {status} ({title}): no sign-in"))
        }
        SignInEnd::Failed(error) => Some(error.to_string()),
    }
}
