//! A database per test, copied from a template that is made once.

use std::sync::{
    LazyLock,
    atomic::{AtomicU32, Ordering},
};

use reqwest::Url;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::{runtime::Runtime, sync::OnceCell};

/// Outlives every test, so that what a test leaves behind can be cleared away after its own runtime is gone.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime for what outlives a test")
});

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static ADMIN: OnceCell<PgPool> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// Runs something on [`RUNTIME`], so that what it opens outlives the test.
pub async fn aside<T, F>(work: impl FnOnce() -> F + Send + 'static) -> T
where
    F: Future<Output = T>,
    T: Send + 'static,
{
    tokio::task::spawn_blocking(|| RUNTIME.block_on(work())).await.expect("no panic aside")
}

/// Only one process at a time makes the template.
const LOCK: i64 = 0x6261_7261_7a61;

/// A database that only one test uses.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its URL, as the owner.
    pub url: String,
}

impl Database {
    /// Copies the template.
    pub async fn create() -> Self {
        aside(|| async {
            let template = TEMPLATE.get_or_init(template).await;
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("baraza_test_{}_{number}", std::process::id());
            run(format!("create database {name} template {template}")).await;
            let url = url_of(&name);
            Self { name, url }
        })
        .await
    }

    /// Deletes it, with whatever is connected to it.
    pub async fn delete(self) {
        drop_database(&self.name).await;
    }

    /// A connection as the owner, who acts as the system.
    pub async fn owner(&self) -> PgConnection {
        let mut connection = PgConnection::connect(&self.url).await.expect("the test's database answers");
        sqlx::query("set app.actor = 'system'").execute(&mut connection).await.expect("a setting");
        connection
    }
}

fn server_url() -> String {
    std::env::var("DATABASE_URL")
        .expect("DATABASE_URL names a PostgreSQL whose login may create databases and roles; `./baraza test` starts one")
}

fn url_of(database: &str) -> String {
    let mut url: Url = server_url().parse().expect("DATABASE_URL is a URL");
    url.set_path(database);
    url.into()
}

async fn admin() -> &'static PgPool {
    ADMIN
        .get_or_init(|| async {
            PgPoolOptions::new().max_connections(4).connect(&server_url()).await.expect("PostgreSQL answers")
        })
        .await
}

async fn run(sql: String) {
    sqlx::query(AssertSqlSafe(sql.clone()))
        .execute(admin().await)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Ends whoever is connected, and drops it. `with (force)` would also try to end an autovacuum worker, which only a
/// superuser may, and fail; the plain form asks that worker to leave by itself, and waits five seconds for all to go.
async fn drop_database(database: &str) {
    let others =
        "select pg_terminate_backend(pid) from pg_stat_activity where usename is not null and datname = ";
    run(format!("{others}'{database}'")).await;
    run(format!("drop database if exists {database}")).await;
}

/// The template of these migrations; made unless another process has made it.
async fn template() -> String {
    let mut hash = Sha256::new();
    for migration in kernel::db::MIGRATOR.iter() {
        hash.update(&*migration.checksum);
    }
    let name = format!("baraza_template_{}", &hex::encode(hash.finalize())[..16]);
    let mut connection = PgConnection::connect(&server_url()).await.expect("PostgreSQL answers");
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await.expect("a lock");
    clear_away(&mut connection).await;
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut connection)
        .await
        .expect("a list of databases");
    if !exists {
        let raw = format!("{name}_raw");
        drop_database(&raw).await;
        run(format!("create database {raw}")).await;
        kernel::db::migrate(&url_of(&raw)).await.expect("the migrations run");
        run(format!("alter database {raw} rename to {name}")).await;
    }
    sqlx::query("select pg_advisory_unlock($1)").bind(LOCK).execute(&mut connection).await.expect("a lock");
    name
}

/// Deletes what killed runs left behind.
async fn clear_away(connection: &mut PgConnection) {
    let names: Vec<String> =
        sqlx::query_scalar(r"select datname::text from pg_database where datname like 'baraza\_test\_%'")
            .fetch_all(connection)
            .await
            .expect("a list of databases");
    for name in names {
        let process = name.split('_').nth(2).unwrap_or_default();
        if !std::path::Path::new("/proc").join(process).exists() {
            drop_database(&name).await;
        }
    }
}
