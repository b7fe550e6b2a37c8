//! What `up` says to PostgreSQL itself.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

/// The login of Baraza: owner of its database, but no superuser, so that row-level security binds it.
pub(super) const LOGIN: &str = "baraza";

/// Makes the login and its database, and lets it write the parameter by which row-level security knows the caller into
/// functions. Fed to PostgreSQL's single-user mode, which takes one statement per line.
pub(super) fn make_database(password: &str) -> String {
    format!(
        "create role {LOGIN} login createrole createdb password '{password}';\n\
         grant set on parameter app.actor to {LOGIN};\n\
         create database {LOGIN} owner {LOGIN};\n"
    )
}

/// Whether the database lets us in.
pub(super) async fn answers(url: &str) -> bool {
    match PgConnection::connect(url).await {
        Ok(connection) => connection.close().await.is_ok(),
        Err(_) => false,
    }
}

/// Whether a recorder lives that was started within the time given.
pub(super) async fn has_recorder(url: &str, within: Duration) -> bool {
    let Ok(mut connection) = PgConnection::connect(url).await else { return false };
    let found = sqlx::query_scalar(
        "select exists (select from egress_handlers
         where not draining and started_at > now() - make_interval(secs => $1))",
    )
    .bind(within.as_secs_f64())
    .fetch_one(&mut connection)
    .await;
    // The answer is there already; how the connection ends does not matter.
    let _ = connection.close().await;
    found.unwrap_or(false)
}
