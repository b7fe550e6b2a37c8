//! PostgreSQL as a private cluster in the data folder, reachable on loopback only.

use std::{
    cmp::Reverse,
    fs::{self, DirBuilder},
    io::Write,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{User, geteuid},
};
use rand::distr::{Alphanumeric, SampleString};
use tokio::{
    io::AsyncWriteExt,
    process::Command,
    time::{self, Instant},
};

use super::{
    children::Child,
    folder::Folder,
    plan::Plan,
    process::{Probe, Service, Stop, in_words, pid_of, tethered},
    progress::Progress,
    secrets::Secrets,
    store,
};

/// The oldest major version that Baraza runs on.
const OLDEST: u32 = 15;
/// Where clusters live whose data folder is closed to the user `postgres`.
const ELSEWHERE: &str = "/var/lib/baraza";

/// A cluster, and the programs and the user it runs under.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    dir: PathBuf,
    bin: PathBuf,
    /// Another user than ours: PostgreSQL refuses to run as root.
    user: Option<&'static str>,
}

/// Where Baraza finds its database.
pub(super) fn url(secrets: &Secrets, plan: &Plan) -> String {
    let login = store::LOGIN;
    format!("postgres://{login}:{}@127.0.0.1:{}/{login}", secrets.postgres_password, plan.postgres)
}

impl Cluster {
    /// Finds the cluster of the data folder, when there is one.
    pub fn find(folder: &Folder) -> Result<Option<Self>> {
        let link = folder.postgres();
        if fs::symlink_metadata(&link).is_err() {
            return Ok(None);
        }
        let (user, uid) = runs_as()?;
        Self::open(&link, uid, user).map(Some)
    }

    /// Makes the cluster of the data folder.
    pub async fn make(folder: &Folder, secrets: &Secrets, display: &mut Progress) -> Result<Self> {
        let (user, uid) = runs_as()?;
        let bin = newest_programs()?;
        let place = place(folder, user, display).await?;
        display.step("Database");
        let cluster = Self { dir: place.join("postgres"), bin, user };
        cluster.fill(&place, uid, secrets).await?;
        if cluster.dir != folder.postgres() {
            symlink(&cluster.dir, folder.postgres())?;
        }
        display.done("made");
        Ok(cluster)
    }

    fn open(link: &Path, uid: u32, user: Option<&'static str>) -> Result<Self> {
        let dir = link.canonicalize().with_context(|| {
            format!("the database of this data folder is gone: {} leads nowhere", link.display())
        })?;
        let owner = fs::metadata(&dir)?.uid();
        ensure!(
            owner == uid,
            "the database in {} belongs to user {owner}, and PostgreSQL would run as user {uid}: start Baraza as the same user as the first time",
            dir.display()
        );
        let version = fs::read_to_string(dir.join("PG_VERSION"))
            .with_context(|| format!("{} holds no PostgreSQL database", dir.display()))?;
        let version = version.trim();
        let bin = installed().into_iter().find(|(major, _)| major.to_string() == version).map(|(_, bin)| bin);
        let bin = bin.with_context(|| {
            format!("the database was made by PostgreSQL {version}, which is not installed any more: install postgresql-{version}")
        })?;
        Ok(Self { dir, bin, user })
    }

    /// Makes the cluster aside and moves it to its place when it is complete.
    async fn fill(&self, place: &Path, uid: u32, secrets: &Secrets) -> Result<()> {
        let half = place.join("postgres.new");
        if half.exists() {
            fs::remove_dir_all(&half)?;
        }
        DirBuilder::new().mode(0o700).create(&half)?;
        chown(&half, Some(uid), None)?;
        let password = half.join("password");
        let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&password)?;
        file.write_all(secrets.postgres_superuser_password.as_bytes())?;
        chown(&password, Some(uid), None)?;

        let mut initdb = self.program("initdb", Signal::SIGKILL);
        initdb.args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb
            .args(["--data-checksums", "--pgdata"])
            .arg(half.join("cluster"))
            .arg("--pwfile")
            .arg(&password);
        finish(initdb, "").await?;

        let mut single = self.program("postgres", Signal::SIGKILL);
        single.arg("--single").arg("-D").arg(half.join("cluster")).arg("postgres");
        finish(single, &store::make_database(&secrets.postgres_password)).await?;

        fs::rename(half.join("cluster"), &self.dir)?;
        fs::remove_dir_all(&half)?;
        Ok(())
    }

    /// How to run it on the ports of `plan`.
    pub fn service(&self, folder: &Folder, plan: &Plan, url: &str) -> Service {
        let told = rustix::system::sysinfo();
        let memory = told.totalram.saturating_mul(told.mem_unit.into()) / (1024 * 1024);
        // Fast shutdown when `up` dies: nothing is left behind, and the next start needs no recovery.
        let mut command = self.program("postgres", Signal::SIGINT);
        command.arg("-D").arg(&self.dir);
        for setting in [
            "listen_addresses=127.0.0.1",
            &format!("port={}", plan.postgres),
            "unix_socket_directories=",
            "max_connections=200",
            // Half of what its manual has for a machine of its own. A container may have less than the machine tells of.
            &format!("shared_buffers={}MB", (memory / 8).clamp(128, 1024)),
            "timezone=UTC",
            "log_timezone=UTC",
        ] {
            command.args(["-c", setting]);
        }
        Service {
            child: Child::Postgres,
            command,
            log: folder.log("postgres"),
            probe: Probe::Database(url.to_owned()),
            stop: Stop { signals: &[Signal::SIGINT], grace: Duration::from_mins(1), last: Signal::SIGQUIT },
            cluster: Some(self.clone()),
        }
    }

    fn program(&self, name: &str, on_our_death: Signal) -> Command {
        let mut command = tethered(self.bin.join(name), on_our_death, self.user);
        // A place that every user may enter.
        command.current_dir("/");
        command
    }

    /// Ends what a killed `up` or a killed postmaster left behind, and takes away a `postmaster.pid` that nobody
    /// stands behind; PostgreSQL would take it for a sign of life when its number was given to another process.
    pub async fn end_leftovers(&self) -> Result<()> {
        let steps = [
            (Signal::SIGINT, Duration::from_secs(30)),
            (Signal::SIGQUIT, Duration::from_secs(5)),
            (Signal::SIGKILL, Duration::from_secs(5)),
        ];
        for (wanted, patience) in steps {
            let until = Instant::now() + patience;
            for pid in self.processes() {
                // Fails only when the process has just gone by itself.
                let _ = kill(pid_of(pid), wanted);
            }
            while !self.processes().is_empty() && Instant::now() < until {
                time::sleep(Duration::from_millis(50)).await;
            }
        }
        ensure!(
            self.processes().is_empty(),
            "a PostgreSQL of an earlier run does not stop in {}",
            self.dir.display()
        );
        match fs::remove_file(self.dir.join("postmaster.pid")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The processes at work in the cluster: a server and all its helpers have it as their working directory.
    fn processes(&self) -> Vec<u32> {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            (fs::read_link(entry.path().join("cwd")).ok()? == self.dir).then_some(pid)
        })
        .collect()
    }
}

/// The user that PostgreSQL runs as, named when it is another one than ours, and its number.
fn runs_as() -> Result<(Option<&'static str>, u32)> {
    const USER: &str = "postgres";
    if !geteuid().is_root() {
        return Ok((None, geteuid().as_raw()));
    }
    let found = User::from_name(USER)?.with_context(|| {
        format!("PostgreSQL refuses to run as root, and there is no user `{USER}` to run it as: install the package postgresql, or run Baraza as an ordinary user")
    })?;
    Ok((Some(USER), found.uid.as_raw()))
}

/// Runs a program to its end, with `input`.
async fn finish(mut command: Command, input: &str) -> Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || said.contains("ERROR:") {
        bail!("cannot make the database ({}): {}", in_words(output.status), said.trim());
    }
    Ok(())
}

/// The folder that holds the cluster: the data folder, where PostgreSQL's user may enter it, otherwise one of its own.
async fn place(folder: &Folder, user: Option<&str>, display: &mut Progress) -> Result<PathBuf> {
    let may_enter =
        tethered("test", Signal::SIGKILL, user).arg("-x").arg(folder.root()).current_dir("/").status();
    if may_enter.await?.success() {
        return Ok(folder.root().to_owned());
    }
    let name = Alphanumeric.sample_string(&mut rand::rng(), 8);
    let place = Path::new(ELSEWHERE).join(name);
    DirBuilder::new().recursive(true).mode(0o711).create(&place)?;
    let place = place.canonicalize()?;
    display.say(&format!(
        "PostgreSQL's user may not enter {}, so the database lies in {}",
        folder.root().display(),
        place.display()
    ));
    Ok(place)
}

fn newest_programs() -> Result<PathBuf> {
    let found = installed().into_iter().next();
    found.filter(|(major, _)| *major >= OLDEST).map(|(_, bin)| bin).with_context(|| {
        format!("PostgreSQL {OLDEST} or newer is not installed: run `./baraza up` without --no-build, or install the package postgresql")
    })
}

/// The installed versions, newest first.
fn installed() -> Vec<(u32, PathBuf)> {
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<_> = debian
        .chain(std::env::split_paths(&path))
        .filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
        .filter_map(|bin| Some((version(&bin)?, bin)))
        .collect();
    found.sort_by_key(|(major, _)| Reverse(*major));
    found
}

fn version(bin: &Path) -> Option<u32> {
    let output = std::process::Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    major(&String::from_utf8(output.stdout).ok()?)
}

/// The major version in what `postgres --version` says.
fn major(said: &str) -> Option<u32> {
    let number =
        said.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|other: char| !other.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_say_them() {
        assert_eq!(major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta2"), Some(18));
        assert_eq!(major("something else"), None);
    }
}
