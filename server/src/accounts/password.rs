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
/// Failures within a minute after which guessing has to wait.
const FAILURES: u32 = 5;

/// Notes what is wrong with a new password.
pub fn check(checks: &mut Checks, password: &str) {
    checks.text(password, "/password", SHORTEST..=LONGEST);
}

/// Hashes a password for storage.
///
/// # Errors
/// 500 when the machine has no randomness or no memory.
pub async fn hash(app: &App, password: String) -> Result<String> {
    let _permit = app.hashing.acquire().await.map_err(Problem::internal)?;
    tokio::task::spawn_blocking(move || {
        let salt = SaltString::generate(&mut OsRng);
        Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
    })
    .await
    .map_err(Problem::internal)?
    .map_err(Problem::internal)
}

/// Whether `password` belongs to `hash`; counts failures under `key`. Without a hash it works as long, so that the
/// answer's time does not tell whether an account exists.
///
/// # Errors
/// 429 after [`FAILURES`] failures under this key within a minute, 500 when the work could not be done.
pub async fn guess(app: &App, key: (String, String), password: String, hash: Option<String>) -> Result<bool> {
    let permit = app.hashing.clone().acquire_owned().await.map_err(Problem::internal)?;
    // Under the permit, so that guesses made at once are all counted.
    let failures = app.failed_logins.get(&key).await.unwrap_or(0);
    if failures >= FAILURES {
        return Err(Problem::limited(60));
    }
    let right = tokio::task::spawn_blocking(move || {
        if let Some(Ok(hash)) = hash.as_deref().map(PasswordHash::new) {
            return Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
        }
        let salt = SaltString::generate(&mut OsRng);
        let _ = Argon2::default().hash_password(password.as_bytes(), &salt);
        false
    })
    .await
    .map_err(Problem::internal)?;
    if right {
        app.failed_logins.invalidate(&key).await;
    } else {
        app.failed_logins.insert(key, failures + 1).await;
    }
    drop(permit);
    Ok(right)
}
