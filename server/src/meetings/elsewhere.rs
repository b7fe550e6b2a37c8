//! Meetings in the rooms of other providers. People are let in here, by the same rules, and sent there.

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use url::Url;
use utoipa::ToSchema;

/// The provider of meetings in rooms of ours.
pub const HERE: &str = "livekit";

/// Most characters of an address.
const LONGEST: usize = 2000;

/// Whose room a meeting takes place in, by the domain of its address.
const PROVIDERS: [(&str, &str); 6] = [
    ("zoom", "zoom.us"),
    ("zoom", "zoom.com"),
    ("google_meet", "meet.google.com"),
    ("teams", "teams.microsoft.com"),
    ("teams", "teams.live.com"),
    ("webex", "webex.com"),
];

/// The address of a room elsewhere: `https`, at most 2000 characters, without a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = "uri")]
pub struct ExternalUrl(Url);

impl ExternalUrl {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whose room it is: `zoom`, `google_meet`, `teams`, `webex`, or `other`.
    pub fn provider(&self) -> &'static str {
        let host = self.0.host_str().unwrap_or_default();
        let is_of =
            |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|it| it.ends_with('.'));
        PROVIDERS.iter().find(|(_, domain)| is_of(domain)).map_or("other", |(name, _)| name)
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text.trim()).map_err(|_| "this is not an address")?;
        if url.scheme() != "https" || url.host_str().is_none_or(str::is_empty) {
            return Err("the address must begin with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address must not hold a name or password before the @");
        }
        if url.as_str().chars().count() > LONGEST {
            return Err("the address is longer than 2000 characters");
        }
        Ok(Self(url))
    }
}

impl<'de> Deserialize<'de> for ExternalUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_follows_from_the_domain_and_not_from_what_looks_like_it() {
        let of = |text: &str| ExternalUrl::parse(text).map(|url| url.provider());
        assert_eq!(of("https://us02web.zoom.us/j/81234567890?pwd=abc"), Ok("zoom"));
        assert_eq!(of(" https://meet.google.com/abc-defg-hij "), Ok("google_meet"));
        assert_eq!(of("https://teams.microsoft.com/l/meetup-join/19%3a"), Ok("teams"));
        assert_eq!(of("https://village.webex.com/meet/ann"), Ok("webex"));
        assert_eq!(of("https://zoom.us.attacker.example/j/1"), Ok("other"));
        assert_eq!(of("https://notzoom.us/j/1"), Ok("other"));
        for bad in [
            "",
            "zoom",
            "http://zoom.us/j/1",
            "javascript:alert(1)",
            "https://",
            "https://zoom.us@evil.example/",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
        assert!(of(&format!("https://zoom.us/{}", "j".repeat(2000))).is_err());
    }
}
