//! Passwords: argon2id, one at a time, with rests, and behind everything else that wants a processor.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::{SaltString, rand_core::OsRng},
};
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::Instant,
};

use crate::{
    app::App,
    http::{Checks, Problem, Result},
};

/// Shortest password that is accepted, in characters (NIST SP 800-63B asks for at least 8).
const SHORTEST: usize = 8;
/// Longest password that is accepted; longer ones would only cost hashing time.
const LONGEST: usize = 200;
/// The priority of what may wait: a tenth of everybody else's share of a processor (setpriority(2)). Not the lowest, so
/// that a recorder that keeps all processors busy does not keep people from signing in.
const LAST: i32 = 10;
/// Of the parameters that OWASP's Password Storage Cheat Sheet gives as equally strong, those with the least memory (KiB;
/// passes; lanes): what fits a processor's cache does not push out what everybody else works with.
const STRENGTH: (u32, u32, u32) = (7168, 5, 1);
/// What people choose first, and guessers try first; what stands around it (`Password2026!`) does not help.
const COMMON: &str = include_str!("common_passwords.txt");

/// Notes what is wrong with a new password, as NIST SP 800-63B has it: no rules of composition, but none that is too
/// short, well known, or follows from what the service knows of the person (`about`: e-mail address and name).
pub fn check(checks: &mut Checks, password: &str, about: &[&str]) {
    checks.text(password, "/password", SHORTEST..=LONGEST);
    let detail = "This password is too easy to guess. Please choose another.";
    checks.require(!is_guessable(password, about), "/password", "TOO_EASY", detail);
}

fn is_guessable(password: &str, about: &[&str]) -> bool {
    let password = password.trim().to_lowercase();
    let mut letters: Vec<char> = password.chars().collect();
    let stem = password.trim_matches(|c: char| !c.is_alphabetic());
    let is_common = |word: &str| !word.is_empty() && COMMON.lines().any(|common| common == word);
    // The address, its part before the @, the name and its parts.
    let of_person = about.iter().flat_map(|text| {
        let text = text.trim().to_lowercase();
        let parts: Vec<String> = text.split(['@', ' ', '.', '-', '_']).map(ToOwned::to_owned).collect();
        std::iter::once(text).chain(parts)
    });
    let mut known = of_person.filter(|word| word.chars().count() >= 3);
    if is_common(&password) || is_common(stem) || known.any(|word| word == password || word == stem) {
        return true;
    }
    let in_a_row = letters.windows(2).all(|pair| u32::from(pair[1]).wrapping_sub(pair[0].into()) == 1);
    letters.sort_unstable();
    letters.dedup();
    in_a_row || letters.len() < 3
}

fn argon2id() -> std::result::Result<Argon2<'static>, argon2::Error> {
    let (memory, passes, lanes) = STRENGTH;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, lanes, None)?))
}

/// Hashes a password for storage.
///
/// # Errors
/// 500 when the machine has no randomness or no memory.
pub async fn hash(app: &App, password: String) -> Result<String> {
    let turn = Turn::take(app).await?;
    let hashed = aside(move || {
        let salt = SaltString::generate(&mut OsRng);
        argon2id()?.hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
    })
    .await?;
    turn.give_back();
    hashed.map_err(Problem::internal)
}

/// The turn of whoever may use a processor for a password.
struct Turn {
    permit: OwnedSemaphorePermit,
    since: Instant,
}

impl Turn {
    async fn take(app: &App) -> Result<Self> {
        let permit = app.hashing.clone().acquire_owned().await.map_err(Problem::internal)?;
        Ok(Self { permit, since: Instant::now() })
    }

    /// Lets the next one who waits begin after a rest as long as the turn: however many sign in, half of one processor is
    /// theirs. A scheduler that weighs programs rather than threads does not see that the thread can wait.
    fn give_back(self) {
        let Self { permit, since } = self;
        // One is held by the program, one by this turn, and one by each who waits.
        if Arc::strong_count(permit.semaphore()) <= 2 {
            return;
        }
        let rest = since.elapsed();
        tokio::spawn(async move {
            tokio::time::sleep(rest).await;
            drop(permit);
        });
    }
}

/// Does long work on a thread of its own to which the system gives a processor last, so that it keeps nobody waiting.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (done, outcome) = oneshot::channel();
    let thread = std::thread::Builder::new().name("hashing".to_owned());
    let begin = move || {
        // Linux has this for each thread. Where it is refused, the work competes with all other.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), LAST);
        let _ = done.send(work());
    };
    thread.spawn(begin).map_err(Problem::internal)?;
    outcome.await.map_err(Problem::internal)
}

/// Whether `password` belongs to `hash`; failures are counted under `key`. Without a hash it works as long, so that the
/// answer's time does not tell whether an account exists.
///
/// # Errors
/// 429 after too many failures under this key, 500 when the work could not be done.
pub async fn guess(app: &App, key: &str, password: String, hash: Option<String>) -> Result<bool> {
    let turn = Turn::take(app).await?;
    // Within the turn, so that right ones made at once are not counted together.
    app.throttles.passwords.attempt(key).await?;
    let right = aside(move || {
        if let Some(Ok(hash)) = hash.as_deref().map(PasswordHash::new) {
            return Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
        }
        let salt = SaltString::generate(&mut OsRng);
        let _ = argon2id().map(|argon2id| argon2id.hash_password(password.as_bytes(), &salt).map(drop));
        false
    })
    .await?;
    if right {
        app.throttles.passwords.forget(key).await;
    }
    turn.give_back();
    Ok(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_guessers_try_first_is_refused() {
        let about = ["asha.mwangi@example.org", "Asha Mwangi"];
        for bad in [
            "password",
            "Password",
            "PASSWORD1",
            "password123!",
            "12345678",
            "87654321",
            "abcdefghij",
            "aaaaaaaaaa",
            "abababababab",
            "qwertyuiop",
            "!!welcome2026!!",
            "asha.mwangi@example.org",
            "asha mwangi",
            "Mwangi2026",
            " baraza 2026 ",
            "mwangi!!!!",
        ] {
            assert!(is_guessable(bad, &about), "{bad}");
        }
        for good in [
            "a good password",
            "correct horse battery staple",
            "xK9#mQ2$",
            "passwords are a nuisance",
            "mti mkubwa wa mwembe",
        ] {
            assert!(!is_guessable(good, &about), "{good}");
        }
    }
}
