//! One child process: how it is started, when it is ready, how it is stopped, when it is tried again.

use std::{
    ffi::OsStr,
    fs::{self, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    process,
    time::{self, Instant},
};

use super::{children::Child, postgres::Cluster, store};

/// How to run one of the children, again and again.
pub(super) struct Service {
    /// Which one it is.
    pub child: Child,
    /// What to start.
    pub command: process::Command,
    /// Where its output goes.
    pub log: PathBuf,
    /// When it is ready.
    pub probe: Probe,
    /// How it is stopped.
    pub stop: Stop,
    /// A cluster in which processes of an earlier life may linger, to be ended before each start.
    pub cluster: Option<Cluster>,
}

/// How to find out that a child is ready.
pub(super) enum Probe {
    /// It answers a GET with success.
    Http(String),
    /// It lets us log in.
    Database(String),
    /// It says in the database that it can record.
    Recorder(String),
}

/// How a child is asked to stop.
#[derive(Clone, Copy)]
pub(super) struct Stop {
    /// Asked by these, half a second apart.
    pub signals: &'static [Signal],
    /// Told by `last` when it is not gone after this long.
    pub grace: Duration,
    /// The signal that it can't ignore.
    pub last: Signal,
}

impl Service {
    /// Starts the process once.
    pub fn spawn(&mut self) -> Result<process::Child> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.log)
            .with_context(|| format!("cannot write {}", self.log.display()))?;
        self.command.stdout(log.try_clone()?).stderr(log);
        self.command.spawn().context("cannot run setpriv, which belongs to the package util-linux")
    }
}

impl Probe {
    /// Returns as soon as the child is ready.
    pub async fn passed(&self) {
        match self {
            Self::Recorder(url) => {
                let since = Instant::now();
                until(|| store::has_recorder(url, since.elapsed() + Duration::from_secs(1))).await;
            }
            Self::Http(url) => until(|| answers(url)).await,
            Self::Database(url) => until(|| store::answers(url)).await,
        }
    }
}

async fn until<F: Future<Output = bool>>(check: impl Fn() -> F) {
    while !matches!(time::timeout(Duration::from_secs(3), check()).await, Ok(true)) {
        time::sleep(Duration::from_millis(50)).await;
    }
}

async fn answers(url: &str) -> bool {
    reqwest::get(url).await.is_ok_and(|answer| answer.status().is_success())
}

impl Stop {
    /// Asks the process to stop and waits until it is gone.
    pub async fn carry_out(&self, child: &mut process::Child) {
        for wanted in self.signals {
            send(child, *wanted);
            if time::timeout(Duration::from_millis(500), child.wait()).await.is_ok() {
                return;
            }
        }
        if time::timeout(self.grace, child.wait()).await.is_err() {
            self.force(child).await;
        }
    }

    /// Stops the process without asking.
    pub async fn force(&self, child: &mut process::Child) {
        send(child, self.last);
        if time::timeout(Duration::from_secs(5), child.wait()).await.is_err() {
            // Gone is what we want; that it is gone already is no error.
            let _ = child.kill().await;
        }
    }
}

fn send(child: &process::Child, wanted: Signal) {
    if let Some(pid) = child.id() {
        // Fails only when the process has just gone by itself.
        let _ = kill(pid_of(pid), wanted);
    }
}

/// The kernel's type for a process id.
pub(super) fn pid_of(id: u32) -> Pid {
    Pid::from_raw(id.cast_signed())
}

/// A command whose process gets the signal `on_our_death` from the kernel when `up` dies, however it dies. Its process
/// group is its own, so that Ctrl-C reaches only `up`, which then stops the children in order.
pub(super) fn tethered(
    program: impl AsRef<OsStr>,
    on_our_death: Signal,
    user: Option<&str>,
) -> process::Command {
    let mut command = process::Command::new("setpriv");
    command.args(["--pdeathsig", on_our_death.as_str().trim_start_matches("SIG")]);
    if let Some(user) = user {
        command.args(["--reuid", user, "--regid", user, "--init-groups"]);
    }
    command.arg("--").arg(program).stdin(Stdio::null()).process_group(0).kill_on_drop(true);
    command
}

/// The waits between two starts of a process that keeps dying.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    deaths_in_a_row: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(10);
    /// One that lived this long was well.
    const WELL: Duration = Duration::from_secs(30);

    /// How long to wait after a process died that had lived for `lived`.
    pub fn after(&mut self, lived: Duration) -> Duration {
        if lived >= Self::WELL {
            self.deaths_in_a_row = 0;
        }
        let wait = Self::FIRST.saturating_mul(2u32.saturating_pow(self.deaths_in_a_row)).min(Self::LONGEST);
        self.deaths_in_a_row += 1;
        wait
    }
}

/// What an exit status means, in words.
pub(super) fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (_, Some(signal)) => format!("signal {signal}"),
        _ => "an unknown end".to_owned(),
    }
}

/// The last lines of a log.
pub(super) fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// Moves a log aside that has grown beyond `limit`. The writer keeps its open file, which starts anew.
pub(super) fn rotate(log: &Path, limit: u64) -> std::io::Result<()> {
    if fs::metadata(log)?.len() > limit {
        fs::copy(log, log.with_extension("log.1"))?;
        OpenOptions::new().write(true).open(log)?.set_len(0)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_start_anew_after_a_good_life() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.after(Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(backoff.after(Duration::from_secs(31)), Duration::from_millis(100));
    }

    #[test]
    fn a_log_that_grew_too_long_starts_anew() {
        let place = tempfile::tempdir().expect("a folder");
        let log = place.path().join("a.log");
        fs::write(&log, "one\ntwo\n").expect("is written");
        rotate(&log, 100).expect("is short enough");
        assert_eq!(tail(&log), "one\ntwo");
        rotate(&log, 3).expect("is rotated");
        assert_eq!(tail(&log), "");
        assert_eq!(fs::read_to_string(place.path().join("a.log.1")).expect("is kept"), "one\ntwo\n");
    }

    #[tokio::test]
    async fn a_process_that_will_not_stop_is_stopped() {
        let mut child = tethered("sh", Signal::SIGKILL, None)
            .args(["-c", "trap '' TERM; while :; do sleep 0.1; done"])
            .spawn()
            .expect("starts");
        time::sleep(Duration::from_millis(300)).await;
        let stop =
            Stop { signals: &[Signal::SIGTERM], grace: Duration::from_millis(100), last: Signal::SIGKILL };
        stop.carry_out(&mut child).await;
        assert_eq!(in_words(child.wait().await.expect("is gone")), "signal 9");
    }
}
