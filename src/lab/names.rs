//! The cloud's names, or those of this machine.

use scenarios::World;

/// The names in which a lab speaks.
#[derive(Clone, Debug)]
pub enum Names {
    /// The cloud's own names, known to the lab's own clients only.
    Cloud,
    /// Names on this machine, so that any browser or program can follow them; each cloud origin with its local one.
    Local(Vec<(String, String)>),
}

impl Names {
    /// `url` in these names.
    pub(super) fn speak(&self, url: &str) -> String {
        let Self::Local(origins) = self else { return url.to_owned() };
        let translated = origins.iter().find_map(|(cloud, local)| {
            let rest = url.strip_prefix(cloud.as_str())?;
            (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then(|| format!("{local}{rest}"))
        });
        translated.unwrap_or_else(|| url.to_owned())
    }

    /// A world in these names.
    pub(super) fn world(&self, written: &World) -> World {
        match self {
            Self::Cloud => written.clone(),
            Self::Local(origins) => scenarios::localize(written, origins),
        }
    }

    /// The identity provider's origins in these names.
    pub(super) fn identity_origins(&self) -> mock_idp::Origins {
        let cloud = mock_idp::Origins::cloud();
        mock_idp::Origins {
            login: self.speak(&cloud.login),
            sts: self.speak(&cloud.sts),
            graph: self.speak(&cloud.graph),
            device_login: self.speak(&cloud.device_login),
        }
    }
}

/// The host of a URL.
pub(super) fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}
