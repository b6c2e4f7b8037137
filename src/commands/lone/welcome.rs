//! What a party says when it runs alone: where it is, and what to do next.

use wire::Party;

use crate::Lab;
use crate::commands::ready::ready;
use crate::lab::data_folder::{CA_CERTIFICATE, DataFolder};

/// The text for the terminal.
pub(super) fn welcome(party: Party, lab: &Lab, folder: &DataFolder) -> String {
    let (title, mut places, next) = match party {
        Party::Idp => identity_provider(lab, folder),
        Party::Gate => gate(lab),
        _ => mcp(lab),
    };
    places.push(("trace", format!("{}/trace", lab.page_url())));
    if party != Party::Mcp {
        places.push(("certificate", folder.file(CA_CERTIFICATE).display().to_string()));
    }
    let mut text = format!("{title} is up, alone: an emulator on this machine; nothing leaves it\n\n");
    for (name, place) in places {
        text.push_str(&format!("  {name:<19} {place}\n"));
    }
    if party == Party::Idp {
        text.push_str(&people_and_applications(lab));
    }
    text.push_str("\n  what to do next\n");
    for (index, step) in next.iter().enumerate() {
        text.push_str(&format!("    {}. {step}\n", index + 1));
    }
    text.push_str(&format!(
        "    {}. read every message and every check at {}/trace\n\n  Ctrl-C stops it\n",
        next.len() + 1,
        lab.page_url()
    ));
    text
}

/// What is up, where things are, and what to do.
type Parts = (&'static str, Vec<(&'static str, String)>, Vec<String>);

fn identity_provider(lab: &Lab, folder: &DataFolder) -> Parts {
    let ready = ready(lab, &folder.file(CA_CERTIFICATE));
    let text = |pointer: &str| ready.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let discovery = format!("{}/.well-known/openid-configuration", text("/issuer/v2"));
    let places = vec![("identity provider", text("/idp")), ("discovery", discovery)];
    let next = vec![
        format!("let your program trust the certificate above, and give it the authority {}", text("/issuer/v2")),
        "sign in as one of the people above; `entralab idp --redirect-uri APP=URI` registers where your program \
         listens"
            .to_owned(),
        "put the gate in front of your server: entralab gate --upstream http://127.0.0.1:3000".to_owned(),
    ];
    ("the identity provider", places, next)
}

fn people_and_applications(lab: &Lab) -> String {
    let world = lab.world();
    let mut text = "\n  people who can sign in\n".to_owned();
    for user in world.idp.users.values() {
        text.push_str(&format!("    {:<34} {}\n", user.username, user.password.as_deref().unwrap_or("(no password)")));
    }
    text.push_str("\n  applications\n");
    for (name, app) in &world.idp.apps {
        text.push_str(&format!("    {name:<34} {}\n", app.client_id));
    }
    text
}

fn gate(lab: &Lab) -> Parts {
    let world = lab.world();
    let gate = &world.gate;
    let audiences = std::iter::once(gate.client_id.to_string())
        .chain(gate.allowed_audiences.iter().filter(|audience| **audience != gate.client_id.to_string()).cloned());
    let clients = match gate.allowed_applications.as_slice() {
        [] => "any".to_owned(),
        clients => clients.join(", "),
    };
    let places = vec![
        ("gate", gate.url.clone()),
        ("your server", lab.upstream().to_owned()),
        ("issuer", gate.issuer.clone()),
        ("audiences", audiences.collect::<Vec<_>>().join(", ")),
        ("clients", clients),
    ];
    let next = vec![
        "get an access token for one of the audiences: `entralab idp` or `entralab up` signs people in".to_owned(),
        format!("call {} with Authorization: Bearer and the token: your server sees X-MS-CLIENT-PRINCIPAL", gate.url),
    ];
    ("the gate", places, next)
}

fn mcp(lab: &Lab) -> Parts {
    let url = format!("{}{}", lab.upstream(), lab.world().mcp.path);
    let next = vec![
        format!("give {url} to an MCP client (Streamable HTTP, no sign-in)"),
        format!("put the gate in front of it: entralab gate --upstream {}", lab.upstream()),
    ];
    ("the MCP server", vec![("MCP server", url)], next)
}
