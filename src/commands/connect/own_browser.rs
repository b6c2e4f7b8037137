//! Opens an address in this person's browser.

use std::process::{Command, Stdio};

use url::Url;

/// The program that opens addresses, and what it wants before the address; never a shell.
#[cfg(target_os = "macos")]
const OPENER: (&str, &[&str]) = ("open", &[]);
#[cfg(windows)]
const OPENER: (&str, &[&str]) = ("rundll32", &["url.dll,FileProtocolHandler"]);
#[cfg(not(any(target_os = "macos", windows)))]
const OPENER: (&str, &[&str]) = ("xdg-open", &[]);

/// Opens `address` where it is one of the web; whether a browser could be asked. It is not waited for.
pub(super) fn open(address: &str) -> bool {
    let (program, before) = OPENER;
    is_of_the_web(address)
        && Command::new(program)
            .args(before)
            .arg(address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .is_ok()
}

/// Whether it is an http or https address: other schemes start other programs.
fn is_of_the_web(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.as_str() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_an_address_of_the_web_is_opened() {
        assert!(is_of_the_web("https://localhost:8443/common/oauth2/authorize?client_id=a&state=b%20c"));
        for address in
            ["file:///etc/passwd", "vscode://x", "javascript:alert(1)", "--version", "calc.exe", " https://a/", ""]
        {
            assert!(!is_of_the_web(address), "{address}");
        }
    }
}
