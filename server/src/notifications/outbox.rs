//! Where mail leaves: to a mail server, or, when there is none, into a folder that a page shows.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use kernel::{
    config::{Smtp, Tls},
    jobs::Failure,
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        authentication::Credentials,
        client::{Tls as Encryption, TlsParameters},
    },
};
use secrecy::ExposeSecret;

use super::{mail::Written, mailbox};

/// Longest that the mail server may take for one step.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where mail leaves; cheap to clone.
#[derive(Clone)]
pub enum Outbox {
    /// A mail server.
    Server(AsyncSmtpTransport<Tokio1Executor>),
    /// A folder.
    Folder(PathBuf),
    /// Nothing is configured.
    Nowhere,
}

impl Outbox {
    /// What the configuration asks for. Connects to nothing yet.
    ///
    /// # Errors
    /// A host name for which there can be no certificate.
    pub fn new(config: &Smtp) -> Result<Self> {
        let Some(host) = config.host.as_ref().filter(|host| !host.is_empty()) else {
            return Ok(config.folder.clone().map_or(Self::Nowhere, Self::Folder));
        };
        let tls = || TlsParameters::new(host.clone()).context("smtp.host is no host name");
        let (encryption, port) = match config.tls {
            Tls::None => (Encryption::None, 25),
            Tls::Starttls => (Encryption::Required(tls()?), 587),
            Tls::Implicit => (Encryption::Wrapper(tls()?), 465),
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .tls(encryption)
            .port(config.port.unwrap_or(port))
            .timeout(Some(PATIENCE));
        let name = config.username.as_ref().filter(|name| !name.is_empty());
        if let Some((name, password)) = name.zip(config.password.as_ref()) {
            server = server.credentials(Credentials::new(name.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self::Server(server.build()))
    }

    /// Sends a message; `number` names it in the folder.
    ///
    /// # Errors
    /// [`Failure::Final`] when the message itself is refused.
    pub async fn send(&self, written: &Written, message: Message, number: &str) -> Result<(), Failure> {
        match self {
            Self::Server(server) => server.send(message).await.map(drop).map_err(|error| {
                if is_final(&error) { Failure::Final(error.into()) } else { Failure::ForNow(error.into()) }
            }),
            Self::Folder(folder) => Ok(mailbox::keep(folder, number, written, &message.formatted()).await?),
            Self::Nowhere => Err(Failure::Final(anyhow::anyhow!("no mail server is configured"))),
        }
    }
}

/// Whether trying again is of no use: the server refused this mail (5yz of RFC 5321), and not us, who may have signed
/// in with a wrong password that somebody will put right (530, 534, 535, 538 of RFC 4954).
fn is_final(error: &lettre::transport::smtp::Error) -> bool {
    let code = error.status().map(u16::from);
    error.is_permanent() && !matches!(code, Some(530 | 534 | 535 | 538))
}
