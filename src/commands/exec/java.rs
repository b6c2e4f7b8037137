//! What a program in Java needs: it reads neither the certificate nor the proxy from the usual variables.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::commands::{Exit, Failure};
use crate::lab::proxy::Proxy;

/// Java's own default; a trust store holds no secret.
const PASSWORD: &str = "changeit";

/// Makes a trust store of the lab's certificate with Java's `keytool`.
///
/// # Errors
/// When there is no `keytool`, or it fails.
pub(super) fn trust_store(folder: &Path, ca: &Path) -> Result<PathBuf, Failure> {
    let store = folder.join("trust.p12");
    let mut keytool = Command::new("keytool");
    keytool.args(["-importcert", "-noprompt", "-alias", "entralab", "-storetype", "PKCS12", "-storepass", PASSWORD]);
    let made = keytool.arg("-keystore").arg(&store).arg("-file").arg(ca).stdin(Stdio::null()).output();
    let why = match made {
        Ok(output) if output.status.success() => return Ok(store),
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let message = format!("--java: keytool cannot make a trust store: {why}\nfix: put the bin folder of a JDK on PATH");
    Err(Failure::new(Exit::Environment, "java.keytool", message))
}

/// `JAVA_TOOL_OPTIONS`, which every Java program reads: the trust store and the proxy, behind what is there already.
pub(super) fn tool_options(store: &Path, proxy: &Proxy) -> String {
    let address = proxy.url();
    let (host, port) = address.trim_start_matches("http://").split_once(':').unwrap_or((&address, "80"));
    let given = std::env::var("JAVA_TOOL_OPTIONS").map(|given| given + " ").unwrap_or_default();
    format!(
        "{given}-Djavax.net.ssl.trustStore={} -Djavax.net.ssl.trustStorePassword={PASSWORD} -Dhttp.proxyHost={host} \
         -Dhttp.proxyPort={port} -Dhttps.proxyHost={host} -Dhttps.proxyPort={port}",
        store.display()
    )
}
