//! What `up` says to PostgreSQL itself.

use sqlx::{Connection, PgConnection};

/// The login of Baraza: owner of its database, but no superuser, so that row-level security binds it.
pub(super) const LOGIN: &str = "baraza";

/// Makes the login and its database. Fed to PostgreSQL's single-user mode, which takes one statement per line.
pub(super) fn make_database(password: &str) -> String {
    format!(
        "create role {LOGIN} login createrole createdb password '{password}';\n\
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
