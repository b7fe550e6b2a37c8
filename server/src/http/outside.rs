//! Calls to addresses that somebody outside chose: they must not lead into our own network.
//!
//! A name is resolved when the connection is made, and only public addresses of it are ever connected to; so a name that
//! has another address a moment later gains nothing. A redirect is an answer like others: whoever follows it asks
//! [`Outside::check`] again.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How long a server may take to answer a call, and then from one piece of its answer to the next.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(30);

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Neither `http` nor `https`.
    #[error("Only http and https addresses are fetched.")]
    Scheme,
    /// With a name or password in it.
    #[error("The address must hold neither a name nor a password.")]
    Credentials,
    /// A port on which other things than files are served.
    #[error("This port is not fetched from.")]
    Port,
    /// In a private network, or of no use.
    #[error("The address leads into a private network.")]
    Private,
}

/// Where a name leads.
pub trait Lookup: Send + Sync + 'static {
    /// Its addresses now.
    fn lookup(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// As the system says.
#[derive(Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
        })
    }
}

/// Calls addresses outside of our network.
#[derive(Debug, Clone)]
pub struct Outside {
    allowed: Arc<[IpAddr]>,
    http: reqwest::Client,
}

impl Outside {
    /// `allowed` are addresses of our network that may be called all the same.
    ///
    /// # Errors
    /// When the machine has no certificates to trust.
    pub fn new(allowed: &[IpAddr]) -> reqwest::Result<Self> {
        Self::with(allowed, SystemLookup)
    }

    /// As [`Outside::new`], with another way to find where names lead.
    ///
    /// # Errors
    /// As [`Outside::new`].
    pub fn with(allowed: &[IpAddr], names: impl Lookup) -> reqwest::Result<Self> {
        let allowed: Arc<[IpAddr]> = allowed.into();
        let public = PublicOnly { allowed: allowed.clone(), names: Arc::new(names) };
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would resolve the name anew, where nobody looks.
            .no_proxy()
            .dns_resolver(Arc::new(public))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .pool_max_idle_per_host(0)
            .user_agent("Baraza")
            .build()?;
        Ok(Self { allowed, http })
    }

    /// As [`check`], for this client's allowed addresses.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        check(url, &self.allowed)
    }

    /// Asks for what is at an address, which must have been checked.
    pub fn get(&self, url: Url) -> reqwest::RequestBuilder {
        self.http.get(url)
    }
}

/// Whether an address may be called at all, as far as it can be read: names are judged when they are resolved. `allowed`
/// are addresses of our network that may be called all the same.
///
/// # Errors
/// Why not.
pub fn check(url: &Url, allowed: &[IpAddr]) -> Result<(), Refused> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refused::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    // Mail, shells and the like answer below; none of them serves files.
    if !matches!(url.port_or_known_default(), Some(80 | 443 | 1024..)) {
        return Err(Refused::Port);
    }
    let address = match url.host() {
        None => return Err(Refused::Private),
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
    };
    if may_call(address, allowed) { Ok(()) } else { Err(Refused::Private) }
}

struct PublicOnly {
    allowed: Arc<[IpAddr]>,
    names: Arc<dyn Lookup>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, found) = (self.allowed.clone(), self.names.lookup(name.as_str().to_owned()));
        Box::pin(async move {
            let public: Vec<SocketAddr> = found
                .await?
                .into_iter()
                .filter(|address| may_call(*address, &allowed))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if public.is_empty() {
                return Err(Refused::Private.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether a failed call was refused here, and not by the other side.
pub fn refused(error: &reqwest::Error) -> Option<Refused> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Some(*refused);
        }
        cause = error.source();
    }
    None
}

fn may_call(address: IpAddr, allowed: &[IpAddr]) -> bool {
    let address = address.to_canonical();
    allowed.contains(&address) || is_public(address)
}

/// Whether an address is one of the public internet (IANA's registries of special-purpose addresses).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b)) // carriers' own networks
        || (a, b, c) == (192, 0, 0) // protocol assignments, some clouds' metadata among them
        || (a, b, c) == (192, 88, 99) // relays to IPv6
        || (a == 198 && (18..20).contains(&b)) // benchmarks
        || a >= 240
        || address == Ipv4Addr::new(168, 63, 129, 16); // Azure's metadata
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let v4 = |at: usize| Ipv4Addr::from(u32::from(segments[at]) << 16 | u32::from(segments[at + 1]));
    match segments {
        // IPv4 in other words, and behind a translator.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(v4(6)),
        // IPv4 in a tunnel.
        [0x2002, ..] => is_public_v4(v4(1)),
        // Protocol assignments, tunnels (Teredo) and documentation.
        [0x2001, 0..0x200 | 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => false,
        // What is given out to the public at all.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn check(url: &str) -> Result<(), Refused> {
        super::check(&url.parse().expect("a URL"), &[])
    }

    #[test]
    fn only_the_public_internet_is_called() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!is_public(address.parse::<IpAddr>().expect(address).to_canonical()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "198.17.0.1",
            "223.255.255.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(address.parse::<IpAddr>().expect(address).to_canonical()), "{address}");
        }
    }

    #[test]
    fn an_address_is_read_as_whoever_connects_reads_it() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1:8080/",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://0/",
            "https://10.1.2.3/x.mp4",
            "http://１２７.0.0.1/",
        ] {
            assert_eq!(check(url), Err(Refused::Private), "{url}");
        }
        assert_eq!(check("file:///etc/passwd"), Err(Refused::Scheme));
        assert_eq!(check("ftp://files.test/a.mp4"), Err(Refused::Scheme));
        assert_eq!(check("https://user@files.test/a.mp4"), Err(Refused::Credentials));
        assert_eq!(check("https://:secret@files.test/a.mp4"), Err(Refused::Credentials));
        for port in [22, 25, 53, 111, 389, 445] {
            assert_eq!(check(&format!("http://files.test:{port}/")), Err(Refused::Port), "{port}");
        }
        for url in ["https://files.test/a.mp4?x=1", "http://8.8.8.8:8443/a.mp4", "http://files.test:1024/"] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        let ours = |url: &str| {
            super::check(&url.parse().expect("a URL"), &["127.0.0.1".parse().expect("an address")])
        };
        assert_eq!(ours("http://127.0.0.1:9000/"), Ok(()));
        assert_eq!(ours("http://[::ffff:127.0.0.1]:9000/"), Ok(()));
        assert_eq!(ours("http://127.0.0.2:9000/"), Err(Refused::Private));
    }

    /// A name that has a public address whenever it is checked before, and a private one when it is connected to.
    struct Rebinding(Arc<AtomicUsize>);

    impl Lookup for Rebinding {
        fn lookup(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async {
                Ok(vec!["127.0.0.1".parse().expect("an address"), "::1".parse().expect("an address")])
            })
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_the_addresses_that_are_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(AtomicUsize::new(0));
        let outside = Outside::with(&[], Rebinding(asked.clone())).expect("a client");
        let url: Url = format!("http://files.test:{port}/").parse().expect("a URL");
        assert_eq!(outside.check(&url), Ok(()));
        let error = outside.get(url).send().await.expect_err("refused");
        assert_eq!(refused(&error), Some(Refused::Private));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err(), "nobody was connected to");
    }
}
