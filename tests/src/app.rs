//! The real service, ready to be tested.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use chrono::{DateTime, Duration, Utc};
use kernel::{clock::Clock, config::Config};
use serde_json::{Value, json};
use server::app::App;
use sqlx::PgConnection;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    api::{Answer, Api, Bearer},
    builders::{Meeting, Organization, Person},
    database::{Database, RUNTIME},
    livekit::{API_KEY, API_SECRET, Connection, DisconnectReason, FakeLiveKit, WebhookClaims},
    vault,
};

/// The service on a database of its own, with a clock that stands still. Dropped, it goes away and takes the database
/// along; a webhook or a job that was left undone and that the test did not expect fails the test then.
pub struct TestApp {
    /// What handlers reach.
    pub app: App,
    /// The time.
    pub clock: Clock,
    /// The media server.
    pub livekit: FakeLiveKit,
    /// A client who is not signed in.
    pub api: Api,
    pub(crate) number: AtomicU32,
    mail: tempfile::TempDir,
    database: Option<Database>,
    leftovers_expected: AtomicBool,
    serving: JoinHandle<()>,
}

/// When every test begins.
pub fn beginning() -> DateTime<Utc> {
    "2026-12-01T08:55:00Z".parse().expect("a time")
}

impl TestApp {
    /// Starts the service without a vault.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Starts the service with a bucket of its own in a real S3 store.
    pub async fn with_vault() -> Self {
        Self::with_vault_and(|_| ()).await
    }

    /// As [`TestApp::with_vault`], with a changed configuration.
    pub async fn with_vault_and(change: impl FnOnce(&mut Value)) -> Self {
        let store = vault::store().await;
        let app = Self::start_with(|config| {
            config["vault"]["endpoint"] = store.endpoint.clone().into();
            change(config);
        })
        .await;
        kernel::vault::Vault::new(&app.app.config.vault)
            .expect("the vault is configured")
            .ensure_bucket()
            .await
            .expect("a bucket");
        app
    }

    /// Starts the service with a changed configuration.
    pub async fn start_with(change: impl FnOnce(&mut Value)) -> Self {
        // What the service says of itself is shown when asked for.
        static TELL: std::sync::Once = std::sync::Once::new();
        if std::env::var_os("BARAZA_LOG").is_some() {
            TELL.call_once(kernel::telemetry::init);
        }
        let database = Database::create().await;
        let clock = Clock::fixed(beginning());
        let livekit = FakeLiveKit::start(clock.clone()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mail = tempfile::tempdir().expect("a folder for mail");
        let mut config = configuration(&database, &livekit, address);
        config["smtp"]["folder"] = mail.path().to_str().expect("a plain path").into();
        change(&mut config);
        let config: Config = serde_json::from_value(config).expect("a configuration");
        let app = App::new(config, clock.clone()).expect("the program fits together");
        let service = server::router::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move { axum::serve(listener, service).await.expect("serving") });
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("an HTTP client");
        let api = Api { http, base: format!("http://{address}"), bearer: Bearer::None };
        Self {
            app,
            clock,
            livekit,
            api,
            number: AtomicU32::new(1),
            mail,
            database: Some(database),
            leftovers_expected: AtomicBool::new(false),
            serving,
        }
    }

    /// Another process of the service on the same database, which hears of changes: a client of it.
    pub async fn second_process(&self) -> Api {
        let app =
            App::new((*self.app.config).clone(), self.clock.clone()).expect("the program fits together");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(server::work::listen(app.clone(), self.app.stopping.clone()));
        let service = server::router::router(app).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.expect("serving") });
        Api { base, ..self.api.clone() }
    }

    /// Sets the platform up as its first user would; gives them back, with the answer.
    pub async fn set_up(&self) -> Answer {
        let body = json!({
            "setup_token": self.app.tokens.setup_token(), "email": "first@example.test", "password": "a good password",
            "name": "First Admin", "organization_name": "First Organization",
        });
        self.api.post("/auth/setup", body).await
    }

    /// Makes an organization with an admin.
    pub async fn organization(&self) -> Organization<'_> {
        Organization::create(self).await
    }

    /// The database's URL, as the owner.
    pub fn database_url(&self) -> &str {
        &self.database.as_ref().expect("it goes with the test").url
    }

    /// A connection as the owner, who acts as the system.
    pub async fn database(&self) -> PgConnection {
        self.database.as_ref().expect("it goes with the test").owner().await
    }

    /// A single value from the database, read as the system.
    pub async fn value<T>(&self, sql: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(sql)
            .fetch_one(&mut self.database().await)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Changes the database, as the system.
    pub async fn execute(&self, sql: &'static str) {
        sqlx::query(sql)
            .execute(&mut self.database().await)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Sends a webhook as LiveKit would, signed over its body.
    pub async fn webhook(&self, event: &Value) -> Answer {
        let body = serde_json::to_vec(event).expect("JSON");
        let claims = WebhookClaims::of(&body, self.clock.now());
        self.webhook_with(body, &claims.sign(API_SECRET)).await
    }

    /// Sends a webhook with any body and any token.
    pub async fn webhook_with(&self, body: Vec<u8>, token: &str) -> Answer {
        let request = self
            .api
            .request(reqwest::Method::POST, "/webhooks/livekit")
            .header("content-type", "application/webhook+json")
            .header("authorization", token)
            .body(body);
        self.api.send(request).await
    }

    /// Delivers the webhooks that LiveKit has to send, in their order, and works them off.
    pub async fn settle(&self) {
        for event in self.livekit.take_webhooks() {
            self.webhook(&event).await.is(200);
        }
        self.work_off_webhooks().await;
    }

    /// Works off the webhooks that are stored and due.
    pub async fn work_off_webhooks(&self) {
        while server::webhooks::worker::work_off(&self.app).await.expect("the database answers") {}
    }

    /// Carries events into the rooms from now on, as `serve` does.
    pub async fn carry(&self) {
        self.listen().await;
        tokio::spawn(server::room::fanout::run(self.app.clone(), self.app.stopping.clone()));
        self.carried().await;
    }

    /// Waits until the rooms were told everything that has happened so far.
    pub async fn carried(&self) {
        let behind = "select exists (select from meeting_streams where fanned_seq < last_seq)";
        for _ in 0..1000 {
            if !self.value::<bool>(behind).await {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the rooms are not told what has happened");
    }

    /// Wakes the pages that follow a meeting, as `serve` does.
    #[expect(clippy::unused_async, reason = "called like the rest of the background work")]
    pub async fn listen(&self) {
        tokio::spawn(server::work::listen(self.app.clone(), self.app.stopping.clone()));
    }

    /// Does the jobs that are due.
    pub async fn work_off_jobs(&self) {
        while server::jobs::work_off(&self.app).await.expect("the database answers") {}
    }

    /// The mail that was sent so far, oldest first; what waits is sent before. Only without a mail server.
    pub async fn mail(&self) -> Vec<Value> {
        self.work_off_jobs().await;
        let mut mails: Vec<Value> = std::fs::read_dir(self.mail.path())
            .expect("the folder of mail")
            .map(|entry| entry.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
            .map(|path| serde_json::from_slice(&std::fs::read(path).expect("a mail")).expect("JSON"))
            .collect();
        let number =
            |mail: &Value| mail["id"].as_str().and_then(|id| id.split('-').nth(1)?.parse::<u64>().ok());
        mails.sort_by_key(number);
        mails
    }

    /// Does all background work that is due, once: webhooks, jobs, and the comparison with LiveKit.
    pub async fn run_jobs(&self) {
        self.work_off_webhooks().await;
        self.work_off_jobs().await;
        // While LiveKit is away there is nothing to compare with.
        let _ = server::attendance::reconcile::run(&self.app).await;
    }

    /// Whoever asks to join must be let in: enters the room and waits until the control plane knows.
    pub async fn enter(&self, person: &Person, meeting: &Meeting) -> Connection {
        let admission = person.post(&format!("/meetings/{}/join", meeting.id), json!({})).await.is(200);
        let connection = self.livekit.connect(admission["token"].as_str().expect("a token"));
        self.settle().await;
        connection
    }

    /// Somebody closes their page.
    pub async fn go(&self, connection: &Connection) {
        self.livekit.disconnect(connection, DisconnectReason::ClientInitiated);
        self.settle().await;
    }

    /// The test leaves webhooks or jobs undone, and means to.
    pub fn expect_leftovers(&self) {
        self.leftovers_expected.store(true, Ordering::Relaxed);
    }

    /// An egress handler that is alive, so that recordings are taken.
    pub async fn recorder(&self) {
        let now = self.clock.now();
        sqlx::query(
            "insert into egress_handlers (id, name, capacity, started_at, last_seen_at)
             values (gen_random_uuid(), 'recorder', 4, $1, $1)",
        )
        .bind(now)
        .execute(&mut self.database().await)
        .await
        .expect("a recorder");
    }

    pub(crate) fn next(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }
}

fn configuration(database: &Database, livekit: &FakeLiveKit, address: SocketAddr) -> Value {
    json!({
        "server": {"listen": address.to_string(), "public_url": format!("http://{address}"), "work": false},
        "database": {"url": database.url, "max_connections": 10},
        "livekit": {"url": livekit.url, "api_key": API_KEY, "api_secret": API_SECRET},
        "vault": {
            "region": "us-east-1", "bucket": database.name.replace('_', "-"), "access_key": vault::ACCESS_KEY,
            "secret_key": vault::SECRET_KEY, "force_path_style": true, "download": "proxy",
        },
        "tokens": {
            "secret": "a secret for the tokens of the tests", "join_token_ttl": 60, "access_token_ttl": 900,
            "refresh_token_ttl": 2_592_000,
        },
        "recorder": {"engine": "native", "capacity": 2, "spool_dir": "spool", "empty_timeout": 30},
        "reconcile": {"interval": 30},
        "attendance": {"late_threshold_minutes": 5},
        "smtp": {"tls": "none", "from": "Baraza <baraza@example.test>"},
    })
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.app.stopping.cancel();
        self.serving.abort();
        let Some(database) = self.database.take() else { return };
        // On another thread: this one drives a runtime and may not wait for another.
        let clearing = std::thread::spawn(|| {
            RUNTIME.block_on(async move {
                let leftovers: Result<Vec<String>, _> = sqlx::query_scalar(
                    "select kind || ' of ' || subject || coalesce(': ' || error, '')
                     from webhook_inbox where processed_at is null
                     union all select name || ' ' || payload || coalesce(': ' || error, '') from jobs
                     -- What is taken is being done; that mail waits is no news.
                     where not is_taken and not (name = 'mail.send' and error is null)",
                )
                .fetch_all(&mut database.owner().await)
                .await;
                database.delete().await;
                leftovers
            })
        });
        let leftovers =
            clearing.join().expect("the database is cleared away").expect("what is left can be read");
        let expected = *self.leftovers_expected.get_mut() || std::thread::panicking();
        assert!(expected || leftovers.is_empty(), "webhooks or jobs were left undone: {leftovers:?}");
    }
}

/// Waits for what happens behind an answer.
#[track_caller]
pub fn eventually(what: impl Fn() -> bool) -> impl Future<Output = ()> {
    eventually_async(async move || what())
}

/// As [`eventually`], for what has to be asked of somebody.
#[track_caller]
pub fn eventually_async(what: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        for _ in 0..300 {
            if what().await {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{place}: it did not happen within three seconds");
    }
}
