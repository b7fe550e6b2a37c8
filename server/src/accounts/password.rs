//! Passwords: argon2id with the crate's recommended parameters, one at a time off the async threads.

use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{SaltString, rand_core::OsRng},
};

use crate::{
    app::App,
    http::{Checks, Problem, Result},
};

/// Shortest password that is accepted, in characters (NIST SP 800-63B asks for at least 8).
const SHORTEST: usize = 8;
/// Longest password that is accepted; longer ones would only cost hashing time.
const LONGEST: usize = 200;

/// Notes what is wrong with a new password.
pub fn check(checks: &mut Checks, password: &str) {
    checks.text(password, "/password", SHORTEST..=LONGEST);
}

/// Hashes a password for storage.
///
/// # Errors
/// 500 when the machine has no randomness or no memory.
pub async fn hash(app: &App, password: String) -> Result<String> {
    off_thread(app, move || {
        let salt = SaltString::generate(&mut OsRng);
        Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
    })
    .await?
    .map_err(Problem::internal)
}

/// Whether `password` belongs to `hash`. Without a hash it works as long, so that the answer's time does not tell
/// whether an account exists.
///
/// # Errors
/// 500 when the work could not be done.
pub async fn verify(app: &App, password: String, hash: Option<String>) -> Result<bool> {
    off_thread(app, move || match hash.as_deref().map(PasswordHash::new) {
        Some(Ok(hash)) => Argon2::default().verify_password(password.as_bytes(), &hash).is_ok(),
        _ => {
            let salt = SaltString::generate(&mut OsRng);
            let _ = Argon2::default().hash_password(password.as_bytes(), &salt);
            false
        }
    })
    .await
}

async fn off_thread<T: Send + 'static>(app: &App, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let permit = app.hashing.clone().acquire_owned().await.map_err(Problem::internal)?;
    tokio::task::spawn_blocking(move || {
        let result = work();
        drop(permit);
        result
    })
    .await
    .map_err(Problem::internal)
}
