//! Configuration: one TOML file (`baraza.toml`, or what `BARAZA_CONFIG` names), every key also as
//! `BARAZA__SECTION__KEY`, every secret also as `…_file`. There is no default secret.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::NaiveTime;
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::livekit::Keys;

/// Everything a program of Baraza can be told.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// Where and as what the control plane answers.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// The media server.
    pub livekit: LiveKit,
    /// The S3-compatible store of recordings.
    pub vault: Vault,
    /// Our own tokens and the ones for LiveKit.
    pub tokens: Tokens,
    /// The recorder.
    pub recorder: Recorder,
    /// The comparison of what we know with what LiveKit says.
    pub reconcile: Reconcile,
    /// Rules of attendance.
    pub attendance: Attendance,
    /// Meetings to which nobody comes.
    #[serde(default)]
    pub noshow: NoShow,
    /// The mail server.
    pub smtp: Smtp,
    /// Sign-in through an OpenID Connect provider.
    #[serde(default)]
    pub oidc: Oidc,
    /// The service that writes down what recordings say.
    #[serde(default)]
    pub transcripts: Transcripts,
    /// Files that come into the vault from elsewhere.
    #[serde(default)]
    pub imports: Imports,
}

/// Where and as what the control plane answers.
#[derive(Debug, Clone, Deserialize)]
pub struct Server {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// How browsers reach us, without a slash at the end.
    pub public_url: String,
    /// Whether `serve` also runs the jobs of `work`.
    pub work: bool,
    /// Whether every request comes through a reverse proxy that says for whom (`X-Forwarded-For`).
    #[serde(default)]
    pub behind_proxy: bool,
}

/// The database.
#[derive(Debug, Clone, Deserialize)]
pub struct Database {
    /// `postgres://…`; the login must be a member of the role `baraza_app`, which every connection of `serve` takes.
    #[serde(default)]
    pub url: Option<SecretString>,
    /// A file that holds the URL.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// Connections a program keeps at most.
    pub max_connections: u32,
}

/// The media server.
#[derive(Debug, Clone, Deserialize)]
pub struct LiveKit {
    /// How we reach its API: `http://…` or `https://…`.
    pub url: String,
    /// How clients reach it: `ws://…` or `wss://…`; taken from `url` when absent.
    #[serde(default)]
    pub public_url: Option<String>,
    /// The API key.
    pub api_key: String,
    /// The API secret.
    #[serde(default)]
    pub api_secret: Option<SecretString>,
    /// A file that holds the API secret.
    #[serde(default)]
    pub api_secret_file: Option<PathBuf>,
}

/// The S3-compatible store of recordings.
#[derive(Debug, Clone, Deserialize)]
pub struct Vault {
    /// Base URL; absent for AWS itself.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Region name.
    pub region: String,
    /// Bucket name.
    pub bucket: String,
    /// Access key id.
    #[serde(default)]
    pub access_key: Option<SecretString>,
    /// A file that holds the access key id.
    #[serde(default)]
    pub access_key_file: Option<PathBuf>,
    /// Secret access key.
    #[serde(default)]
    pub secret_key: Option<SecretString>,
    /// A file that holds the secret access key.
    #[serde(default)]
    pub secret_key_file: Option<PathBuf>,
    /// Path-style addresses, which most self-hosted stores need.
    pub force_path_style: bool,
    /// How a download reaches the browser.
    pub download: Download,
    /// How the store is to encrypt what it keeps.
    #[serde(default)]
    pub encryption: Encryption,
    /// The key in the store's key management, for `sse-kms`; the store's own when absent.
    #[serde(default)]
    pub encryption_key_id: Option<String>,
    /// The key for `sse-c`, which the store does not keep: 32 bytes in Base64. Whoever loses it has lost the recordings.
    #[serde(default)]
    pub encryption_key: Option<SecretString>,
    /// A file that holds it.
    #[serde(default)]
    pub encryption_key_file: Option<PathBuf>,
    /// For so many days the store refuses to delete a finished recording (object lock, governance). The bucket must be
    /// made for it.
    #[serde(default)]
    pub object_lock_days: Option<u32>,
}

/// How the store is to encrypt what it keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// As the bucket is set up.
    #[default]
    None,
    /// With keys of the store.
    SseS3,
    /// With a key of the store's key management.
    SseKms,
    /// With our key, which goes along with each request.
    SseC,
}

impl Vault {
    /// The key for `sse-c`.
    ///
    /// # Errors
    /// When it is missing or not 32 bytes.
    pub fn customer_key(&self) -> Result<Option<[u8; 32]>> {
        if self.encryption != Encryption::SseC {
            return Ok(None);
        }
        let key =
            self.encryption_key.as_ref().context("vault.encryption_key is not set, and sse-c needs it")?;
        let bytes = STANDARD.decode(key.expose_secret()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Some).context("vault.encryption_key must be 32 bytes in Base64")
    }

    fn validate(&self, engine: Engine) -> Result<()> {
        self.customer_key()?;
        let ours = self.encryption == Encryption::SseC;
        ensure!(
            !ours || self.download == Download::Proxy,
            "vault.encryption = \"sse-c\" needs vault.download = \"proxy\": whoever opens a signed URL would need the key"
        );
        ensure!(
            !ours || engine == Engine::Native,
            "vault.encryption = \"sse-c\" needs recorder.engine = \"native\": the LiveKit Egress service cannot be given the key"
        );
        ensure!(
            ours || self.encryption_key.is_none(),
            "vault.encryption_key is only for vault.encryption = \"sse-c\""
        );
        ensure!(
            self.encryption == Encryption::SseKms || self.encryption_key_id.is_none(),
            "vault.encryption_key_id is only for vault.encryption = \"sse-kms\""
        );
        ensure!(
            self.object_lock_days.is_none_or(|days| (1..=36_500).contains(&days)),
            "vault.object_lock_days must be between 1 and 36500"
        );
        Ok(())
    }
}

/// How a download reaches the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Download {
    /// Through `serve`; the store needs no public address.
    Proxy,
    /// By a redirect to a short-lived signed URL.
    Presigned,
}

/// Our own tokens and the ones for LiveKit.
#[derive(Debug, Clone, Deserialize)]
pub struct Tokens {
    /// Signs access tokens; at least 32 characters.
    #[serde(default)]
    pub secret: Option<SecretString>,
    /// A file that holds the secret.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Life of a join token in seconds.
    #[serde(with = "seconds")]
    pub join_token_ttl: Duration,
    /// Life of an access token in seconds.
    #[serde(with = "seconds")]
    pub access_token_ttl: Duration,
    /// Life of a refresh token in seconds.
    #[serde(with = "seconds")]
    pub refresh_token_ttl: Duration,
}

/// The recorder.
#[derive(Debug, Clone, Deserialize)]
pub struct Recorder {
    /// Which engine records.
    pub engine: Engine,
    /// Recordings one handler runs at once.
    pub capacity: u32,
    /// Where recordings wait while the store is away.
    pub spool_dir: PathBuf,
    /// Seconds after which a recording of a room without people stops.
    #[serde(with = "seconds")]
    pub empty_timeout: Duration,
    /// How the LiveKit Egress service is used, where it is the engine.
    #[serde(default)]
    pub livekit_egress: LivekitEgress,
}

/// How the LiveKit Egress service is used.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct LivekitEgress {
    /// Whether each request carries the keys of the vault. If not, the service's own `storage` has to be the same bucket.
    pub send_keys: bool,
    /// How the service reaches the store, where that is not `vault.endpoint`.
    pub vault_endpoint: Option<String>,
    /// Seconds that its answer to a start may take.
    #[serde(with = "seconds")]
    pub start_timeout: Duration,
    /// Seconds that a recording waits for a recorder of the service to be free.
    #[serde(with = "seconds")]
    pub patience: Duration,
    /// Seconds after which a recorder that is in the room no more and says nothing is given up.
    #[serde(with = "seconds")]
    pub lost_after: Duration,
}

impl Default for LivekitEgress {
    fn default() -> Self {
        Self {
            send_keys: true,
            vault_endpoint: None,
            start_timeout: Duration::from_mins(1),
            patience: Duration::from_mins(3),
            lost_after: Duration::from_mins(2),
        }
    }
}

/// Which engine records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Our own, on GStreamer.
    Native,
    /// The LiveKit Egress service.
    LivekitEgress,
}

impl Engine {
    /// As recordings name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::LivekitEgress => crate::egress::ENGINE,
        }
    }
}

/// The comparison of what we know with what LiveKit says.
#[derive(Debug, Clone, Deserialize)]
pub struct Reconcile {
    /// Seconds between two comparisons.
    #[serde(with = "seconds")]
    pub interval: Duration,
}

/// Rules of attendance.
#[derive(Debug, Clone, Deserialize)]
pub struct Attendance {
    /// Minutes after the scheduled start from which a first join is late, unless the meeting says otherwise.
    pub late_threshold_minutes: u32,
}

/// Meetings to which nobody comes.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct NoShow {
    /// Seconds after the scheduled start in which a meeting can be shown to take place.
    #[serde(with = "seconds")]
    pub window: Duration,
    /// At which time of an organization's day it is looked for them, `03:00`.
    #[serde(deserialize_with = "time_of_day")]
    pub run_at: NaiveTime,
}

impl Default for NoShow {
    fn default() -> Self {
        Self { window: Duration::from_hours(2), run_at: NaiveTime::from_hms_opt(3, 0, 0).unwrap_or_default() }
    }
}

fn time_of_day<'de, D: serde::Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
    use serde::de::Error;
    let text = String::deserialize(from)?;
    NaiveTime::parse_from_str(&text, "%H:%M").map_err(Error::custom)
}

/// The service that writes down what recordings say: any that speaks as OpenAI's does. Off as long as there is no address.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Transcripts {
    /// Its base URL, `https://api.openai.com/v1`.
    pub base_url: Option<String>,
    /// The key that it asks for; none for a service of one's own.
    pub api_key: Option<SecretString>,
    /// A file that holds the key.
    pub api_key_file: Option<PathBuf>,
    /// Which of its models listens.
    pub model: String,
    /// The language that is spoken, `sw`, where nobody says otherwise; the service finds it out when absent.
    pub language: Option<String>,
    /// The largest file that it takes, in MB (of 10⁶ bytes).
    pub max_upload_mb: u32,
}

impl Default for Transcripts {
    fn default() -> Self {
        Self {
            base_url: None,
            api_key: None,
            api_key_file: None,
            model: "whisper-1".to_owned(),
            language: None,
            max_upload_mb: 25,
        }
    }
}

impl Transcripts {
    fn validate(&self) -> Result<()> {
        let Some(url) = &self.base_url else { return Ok(()) };
        let is_http = url.starts_with("https://") || url.starts_with("http://");
        ensure!(is_http, "transcripts.base_url must begin with https:// or http://");
        ensure!(!url.ends_with('/'), "transcripts.base_url must not end with a slash");
        ensure!(self.max_upload_mb > 0, "transcripts.max_upload_mb must be at least 1");
        Ok(())
    }
}

/// Files that come into the vault from elsewhere.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Imports {
    /// How large one may be, in GB (of 10⁹ bytes), at most 80.
    pub max_gb: u32,
    /// Addresses of one's own network from which files may come; others of it are refused.
    pub allowed_addresses: Vec<IpAddr>,
}

impl Default for Imports {
    fn default() -> Self {
        Self { max_gb: 20, allowed_addresses: Vec::new() }
    }
}

/// The mail server. Without a host, mail is kept in `folder`; without either, it waits as dead letters.
#[derive(Debug, Clone, Deserialize)]
pub struct Smtp {
    /// Its name.
    #[serde(default)]
    pub host: Option<String>,
    /// Its port; the usual one of `tls` when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is kept secret.
    pub tls: Tls,
    /// Name to sign in with; absent for servers that ask for none.
    #[serde(default)]
    pub username: Option<String>,
    /// Its password.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// A file that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// From whom mail comes: `Baraza <baraza@example.org>`.
    pub from: String,
    /// Where mail is kept when there is no host; `up` sets it.
    #[serde(default)]
    pub folder: Option<PathBuf>,
}

/// How the connection to the mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Not at all: for a server on the same machine.
    None,
    /// By STARTTLS, which must be offered.
    Starttls,
    /// From the first byte.
    Implicit,
}

/// Sign-in through an OpenID Connect provider; off as long as there is no issuer.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Oidc {
    /// The provider's issuer URL, letter by letter as the provider gives it. `https`, except on this machine.
    pub issuer: Option<String>,
    /// What people call the provider; stands on the button.
    pub name: Option<String>,
    /// The id under which the provider knows us.
    pub client_id: String,
    /// The secret that the provider gave us; none for a public client, which PKCE protects.
    pub client_secret: Option<SecretString>,
    /// A file that holds the secret.
    pub client_secret_file: Option<PathBuf>,
    /// What to ask for besides `openid`: a list, or words with spaces between.
    #[serde(deserialize_with = "words")]
    pub scopes: Vec<String>,
    /// The claim that names a person's groups; a path with dots leads into an object.
    pub role_claim: String,
    /// Which group gives which role; without any, roles stay as they are.
    pub roles: Vec<OidcRole>,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: None,
            name: None,
            client_id: String::new(),
            client_secret: None,
            client_secret_file: None,
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            role_claim: "groups".to_owned(),
            roles: Vec::new(),
        }
    }
}

impl Oidc {
    fn validate(&self) -> Result<()> {
        let Some(issuer) = &self.issuer else { return Ok(()) };
        let here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        let is_here = here.iter().any(|host| {
            let rest = issuer.strip_prefix(host);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
        ensure!(issuer.starts_with("https://") || is_here, "oidc.issuer must begin with https://");
        ensure!(!self.client_id.is_empty(), "oidc.client_id is not set");
        Ok(())
    }
}

/// A group of the sign-in provider and the role that it gives.
#[derive(Debug, Clone, Deserialize)]
pub struct OidcRole {
    /// Name of the group.
    pub group: String,
    /// Short name of the organization.
    pub organization: String,
    /// `admin`, `chairperson`, `secretary` or `member`.
    pub role: String,
}

fn words<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        Text(String),
        List(Vec<String>),
    }
    Ok(match Words::deserialize(from)? {
        Words::Text(text) => text.split_whitespace().map(ToOwned::to_owned).collect(),
        Words::List(list) => list,
    })
}

impl Config {
    /// Reads the configuration file and the environment.
    ///
    /// # Errors
    /// An unreadable file, a value of the wrong kind, or one that [`Config::validate`] refuses.
    pub fn load() -> Result<Self> {
        let file = std::env::var_os("BARAZA_CONFIG").unwrap_or_else(|| "baraza.toml".into());
        Self::from(Figment::new().merge(Toml::file(PathBuf::from(file))))
    }

    fn from(file: Figment) -> Result<Self> {
        let livekit_names =
            Env::raw().only(&["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]).map(|key| {
                let key = key.as_str().to_lowercase();
                format!("livekit.{}", key.trim_start_matches("livekit_")).into()
            });
        let mut config: Self = Figment::from(Serialized::defaults(defaults()))
            .merge(file)
            .merge(livekit_names)
            .merge(Env::prefixed("BARAZA__").split("__"))
            .extract()?;
        config.read_secret_files()?;
        config.validate()?;
        Ok(config)
    }

    fn read_secret_files(&mut self) -> Result<()> {
        for (value, file) in [
            (&mut self.database.url, &self.database.url_file),
            (&mut self.livekit.api_secret, &self.livekit.api_secret_file),
            (&mut self.vault.access_key, &self.vault.access_key_file),
            (&mut self.vault.secret_key, &self.vault.secret_key_file),
            (&mut self.vault.encryption_key, &self.vault.encryption_key_file),
            (&mut self.tokens.secret, &self.tokens.secret_file),
            (&mut self.smtp.password, &self.smtp.password_file),
            (&mut self.oidc.client_secret, &self.oidc.client_secret_file),
            (&mut self.transcripts.api_key, &self.transcripts.api_key_file),
        ] {
            if let Some(path) = file {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read the secret file {}", path.display()))?;
                *value = Some(text.trim().to_owned().into());
            }
        }
        Ok(())
    }

    fn validate(&self) -> Result<()> {
        if let Some(secret) = &self.tokens.secret {
            ensure!(secret.expose_secret().len() >= 32, "tokens.secret must have at least 32 characters");
        }
        ensure!(self.noshow.window <= Duration::from_hours(24), "noshow.window must be at most a day");
        ensure!(self.recorder.capacity > 0, "recorder.capacity must be at least 1");
        self.oidc.validate()?;
        self.vault.validate(self.recorder.engine)?;
        self.transcripts.validate()?;
        ensure!((1..=80).contains(&self.imports.max_gb), "imports.max_gb must be from 1 to 80");
        ensure!(!self.server.public_url.ends_with('/'), "server.public_url must not end with a slash");
        Ok(())
    }

    /// The database's URL.
    ///
    /// # Errors
    /// When it is not configured.
    pub fn database_url(&self) -> Result<&str> {
        self.database.url.as_ref().map(ExposeSecret::expose_secret).context("database.url is not set")
    }

    /// The secret that signs our access tokens.
    ///
    /// # Errors
    /// When it is not configured.
    pub fn token_secret(&self) -> Result<&SecretString> {
        self.tokens.secret.as_ref().context("tokens.secret is not set")
    }

    /// The key pair of the media server.
    ///
    /// # Errors
    /// When it is not configured.
    pub fn livekit_keys(&self) -> Result<Keys> {
        ensure!(!self.livekit.api_key.is_empty(), "livekit.api_key is not set");
        let api_secret = self.livekit.api_secret.clone().context("livekit.api_secret is not set")?;
        Ok(Keys { api_key: self.livekit.api_key.clone(), api_secret })
    }

    /// The media server's address as HTTP, for its API.
    pub fn livekit_http_url(&self) -> String {
        self.livekit.url.replacen("ws", "http", usize::from(self.livekit.url.starts_with("ws")))
    }

    /// The media server's address as clients use it.
    pub fn livekit_public_url(&self) -> String {
        let url = self.livekit.public_url.as_ref().unwrap_or(&self.livekit.url);
        url.replacen("http", "ws", usize::from(url.starts_with("http")))
    }
}

fn defaults() -> serde_json::Value {
    serde_json::json!({
        "server": {"listen": "127.0.0.1:8080", "public_url": "http://localhost:8080", "work": true},
        "database": {"max_connections": 32},
        "livekit": {"url": "http://127.0.0.1:7880", "api_key": ""},
        "vault": {"region": "us-east-1", "bucket": "baraza", "force_path_style": true, "download": "proxy"},
        "tokens": {"join_token_ttl": 60, "access_token_ttl": 900, "refresh_token_ttl": 2_592_000},
        "recorder": {"engine": "native", "capacity": 2, "spool_dir": "spool", "empty_timeout": 30},
        "reconcile": {"interval": 30},
        "attendance": {"late_threshold_minutes": 5},
        "smtp": {"tls": "starttls", "from": "Baraza <baraza@localhost>"},
    })
}

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer};

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_values_replace_defaults_and_urls_change_scheme() {
        let config = Config::from(
            Figment::new()
                .merge(Toml::string("[livekit]\nurl = 'wss://live.example'\n[tokens]\njoin_token_ttl = 5\n")),
        )
        .expect("a valid configuration");
        assert_eq!(config.livekit_http_url(), "https://live.example");
        assert_eq!(config.livekit_public_url(), "wss://live.example");
        assert_eq!(config.tokens.join_token_ttl, Duration::from_secs(5));
        assert_eq!(config.server.listen.port(), 8080);
        assert!(config.token_secret().is_err(), "there is no default secret");
    }

    #[test]
    fn a_provider_is_read_with_its_roles_and_an_unsafe_issuer_is_refused() {
        let provider = |issuer: &str| {
            let text = format!(
                "[oidc]\nissuer = '{issuer}'\nclient_id = 'baraza'\nscopes = 'openid email groups'\n\
                 [[oidc.roles]]\ngroup = 'board'\norganization = 'umoja'\nrole = 'chairperson'\n"
            );
            Config::from(Figment::new().merge(Toml::string(&text)))
        };
        let oidc = provider("https://id.example").expect("a valid configuration").oidc;
        assert_eq!(oidc.scopes, ["openid", "email", "groups"]);
        assert_eq!((oidc.roles[0].group.as_str(), oidc.role_claim.as_str()), ("board", "groups"));
        assert!(provider("http://127.0.0.1:9000").is_ok() && provider("http://localhost/realm").is_ok());
        for bad in
            ["http://id.example", "http://localhost.example", "http://127.0.0.1@evil.example", "id.example"]
        {
            assert!(provider(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_night_is_a_time_of_the_day() {
        let read = |text: &str| Config::from(Figment::new().merge(Toml::string(text)));
        let noshow = read("[noshow]\nrun_at = '23:30'\n").expect("a valid configuration").noshow;
        assert_eq!((noshow.run_at.to_string().as_str(), noshow.window.as_secs()), ("23:30:00", 7200));
        assert!(
            read("[noshow]\nrun_at = '25:00'\n").is_err() && read("[noshow]\nwindow = 100000\n").is_err()
        );
    }

    #[test]
    fn the_vault_is_encrypted_as_it_can_be() {
        let read = |text: &str| Config::from(Figment::new().merge(Toml::string(&format!("[vault]\n{text}"))));
        let key = STANDARD.encode([7; 32]);
        let ours = format!("encryption = 'sse-c'\nencryption_key = '{key}'\n");
        let vault = read(&ours).expect("a valid configuration").vault;
        assert_eq!(vault.customer_key().expect("a key"), Some([7; 32]));
        assert!(!format!("{vault:?}").contains(&key), "the key is a secret");
        let vault = read("encryption = 'sse-kms'\nencryption_key_id = 'alias/x'\nobject_lock_days = 30\n");
        assert_eq!(vault.expect("a valid configuration").vault.object_lock_days, Some(30));
        assert!(read("encryption = 'sse-s3'\n").is_ok());
        for (bad, why) in [
            (format!("{ours}download = 'presigned'\n"), "signed URL"),
            (format!("{ours}[recorder]\nengine = 'livekit_egress'\n"), "LiveKit Egress"),
            ("encryption = 'sse-c'\n".to_owned(), "not set"),
            ("encryption = 'sse-c'\nencryption_key = 'c2hvcnQ='\n".to_owned(), "32 bytes"),
            (format!("encryption = 'sse-s3'\nencryption_key = '{key}'\n"), "only for"),
            ("encryption_key_id = 'x'\n".to_owned(), "only for"),
            ("object_lock_days = 0\n".to_owned(), "between"),
        ] {
            let error = format!("{:#}", read(&bad).expect_err(&bad));
            assert!(error.contains(why) && !error.contains(&key), "{error}");
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        let short = Figment::new().merge(Toml::string("[tokens]\nsecret = 'short'\n"));
        assert!(Config::from(short).is_err());
    }
}
