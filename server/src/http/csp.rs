//! The Content-Security-Policy: what our pages may load, and from where.

use kernel::config::{Config, Download};
use url::Url;

/// The policy as a header's value. Scripts come from us alone; sound and pictures of a meeting from LiveKit, and
/// recordings from the vault where it serves them itself.
pub fn policy(config: &Config) -> String {
    let livekit = Url::parse(&config.livekit_public_url()).ok();
    let livekit = livekit.and_then(|url| origins(&url)).unwrap_or_default();
    let vault = config.vault.endpoint.as_deref().filter(|_| config.vault.download == Download::Presigned);
    let vault = vault.and_then(|endpoint| Url::parse(endpoint).ok());
    let vault = vault.map(|url| format!(" {}", url.origin().ascii_serialization())).unwrap_or_default();
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         media-src 'self' blob:{vault}; connect-src 'self'{livekit}; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}

/// LiveKit's address for its socket, and for the requests that ask why that did not open.
fn origins(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let secure = if url.scheme() == "wss" { "s" } else { "" };
    Some(format!(" ws{secure}://{host} http{secure}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_requests_may_go_to_livekit() {
        let of = |url: &str| origins(&Url::parse(url).expect("a URL"));
        assert_eq!(of("wss://live.example").as_deref(), Some(" wss://live.example https://live.example"));
        assert_eq!(of("ws://127.0.0.1:7880").as_deref(), Some(" ws://127.0.0.1:7880 http://127.0.0.1:7880"));
    }
}
