//! `baraza up`: the whole platform on one machine, on loopback, in the foreground.
//!
//! It keeps five programs running over one data folder: PostgreSQL, an S3 store, LiveKit, `baraza serve` and
//! `baraza-egress run`. They are the same programs, spoken to in the same ways, as in a production of many machines.
//! Building and installing them is the work of the script `./baraza`; this part starts, watches and stops them.

mod children;
mod folder;
mod livekit;
mod plan;
mod postgres;
mod process;
mod progress;
mod secrets;
mod store;
mod vault;

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use serde::Serialize;
use tokio::{
    process::Command,
    signal::unix::{self, SignalKind},
};

use self::{
    children::{Child, Children},
    folder::Folder,
    plan::Plan,
    postgres::Cluster,
    process::{Probe, Service, Stop, in_words, tethered},
    progress::Progress,
    secrets::Secrets,
};

/// What `baraza up` can be told.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Port of the web pages; LiveKit, S3 and PostgreSQL take the ones that follow.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..=Plan::HIGHEST))]
    pub port: u16,
    /// Folder of everything that must be kept.
    #[arg(long, default_value = "./.baraza")]
    pub data: PathBuf,
    /// Print one line of JSON on stdout when all is ready, and nothing else there.
    #[arg(long)]
    pub json: bool,
    /// Neither install nor build anything; the script `./baraza` reads this.
    #[arg(long)]
    pub no_build: bool,
}

/// The line that `--json` prints.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    url: &'a str,
    setup_token: Option<&'a str>,
    livekit_url: &'a str,
    database_url: &'a str,
    s3_endpoint: &'a str,
    pids: BTreeMap<Child, Option<u32>>,
}

/// Starts everything, keeps it running until SIGTERM or Ctrl-C, and stops it. When something cannot be started it
/// says what and why, in a sentence for people, and exits with 1.
///
/// # Errors
/// None; the signature is that of the other verbs.
pub async fn run(args: Args) -> Result<()> {
    if let Err(error) = keep_up(args).await {
        eprintln!("baraza: {error:#}");
        std::process::exit(1);
    }
    Ok(())
}

async fn keep_up(args: Args) -> Result<()> {
    let mut stop = Asked::new()?;
    let folder = Folder::open(&args.data)?; // locked until all children are gone
    let mut children = Children::new(Progress::new(), folder.root().join("state.json"));
    let outcome = tokio::select! {
        outcome = go(&args, &folder, &mut children) => outcome,
        () = stop.asked() => Ok(()),
    };
    tokio::select! {
        () = children.stop() => return outcome,
        () = stop.asked() => {}
    }
    children.stop_now().await;
    outcome
}

async fn go(args: &Args, folder: &Folder, children: &mut Children) -> Result<()> {
    // 1. Secrets, a database cluster, and free ports.
    let secrets = Secrets::load_or_create(folder)?;
    let plan = Plan::starting_at(args.port);
    children.display().say(&format!(
        "Baraza starts on {}, its data is in {}",
        plan.url(),
        folder.root().display()
    ));
    let found = Cluster::find(folder)?;
    if let Some(cluster) = &found {
        cluster.end_leftovers().await?;
    }
    plan.check_free().await?;
    let cluster = match found {
        Some(cluster) => cluster,
        None => Cluster::make(folder, &secrets, children.display()).await?,
    };

    // 2. What Baraza stands on.
    let database_url = postgres::url(&secrets, &plan);
    children.start(cluster.service(folder, &plan, &database_url));
    children.start(vault::service(folder, &secrets, &plan)?);
    children.start(livekit::service(folder, &secrets, &plan)?);
    children.ready(Child::Postgres).await?;
    children.ready(Child::S3).await?;
    vault::ensure_bucket(&secrets, &plan).await?;
    children.ready(Child::Livekit).await?;

    // 3. Baraza itself.
    let baraza = Baraza { environment: environment(folder, &secrets, &plan, &database_url) };
    children.display().step("Database schema");
    baraza.answer(&["migrate"]).await?;
    children.display().done("up to date");
    let setup_token = Some(baraza.answer(&["admin", "setup-token"]).await?).filter(|token| !token.is_empty());
    children.start(baraza.serve(folder, &plan)?);
    children.ready(Child::Serve).await?;
    children.start(baraza.egress(folder, &database_url)?);
    children.ready(Child::Egress).await?;

    // 4. Say so, and stay.
    let ready = Ready {
        url: &plan.url(),
        setup_token: setup_token.as_deref(),
        livekit_url: &plan.livekit_url(),
        database_url: &database_url,
        s3_endpoint: &plan.s3_endpoint(),
        pids: children.pids(),
    };
    announce(args.json, &ready, children.display())?;
    children.watch().await
}

fn announce(json: bool, ready: &Ready<'_>, display: &mut Progress) -> Result<()> {
    if json {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{}", serde_json::to_string(ready)?)?;
        return Ok(stdout.flush()?);
    }
    display.say(&format!("\nBaraza is ready at {}", ready.url));
    if let Some(token) = ready.setup_token {
        display.say(&format!("Set it up here, once: {}/setup?token={token}", ready.url));
    }
    display.say("Ctrl-C stops it.\n");
    Ok(())
}

/// The programs of Baraza, and the environment that configures them.
struct Baraza {
    environment: Vec<(&'static str, String)>,
}

impl Baraza {
    /// What stands in the environment of `up` already goes before what `up` would set.
    fn command(&self, program: &Path) -> Command {
        let mut command = tethered(program, Signal::SIGKILL, None);
        command.envs(self.environment.iter().filter(|(name, _)| std::env::var_os(name).is_none()).cloned());
        command
    }

    /// Runs a verb of `baraza` to its end and takes what it prints.
    async fn answer(&self, verb: &[&str]) -> Result<String> {
        let output = self.command(&std::env::current_exe()?).args(verb).output().await?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            bail!("`baraza {}` failed with {}: {}", verb.join(" "), in_words(output.status), why.trim());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    fn serve(&self, folder: &Folder, plan: &Plan) -> Result<Service> {
        let mut command = self.command(&std::env::current_exe()?);
        command.arg("serve");
        Ok(Service {
            child: Child::Serve,
            command,
            log: folder.log("serve"),
            probe: Probe::Http(format!("http://127.0.0.1:{}/readyz", plan.http)),
            stop: Stop { signals: &[Signal::SIGTERM], grace: Duration::from_secs(15), last: Signal::SIGKILL },
            cluster: None,
        })
    }

    fn egress(&self, folder: &Folder, database_url: &str) -> Result<Service> {
        let program = std::env::current_exe()?.with_file_name("baraza-egress");
        ensure!(program.exists(), "{} is missing: run `./baraza up` without --no-build", program.display());
        let mut command = self.command(&program);
        command.arg("run");
        Ok(Service {
            child: Child::Egress,
            command,
            log: folder.log("egress"),
            probe: Probe::Recorder(database_url.to_owned()),
            stop: Stop { signals: &[Signal::SIGTERM], grace: Duration::from_secs(20), last: Signal::SIGKILL },
            cluster: None,
        })
    }
}

fn environment(
    folder: &Folder,
    secrets: &Secrets,
    plan: &Plan,
    database_url: &str,
) -> Vec<(&'static str, String)> {
    vec![
        ("BARAZA__SERVER__LISTEN", format!("127.0.0.1:{}", plan.http)),
        ("BARAZA__SERVER__PUBLIC_URL", plan.url()),
        ("BARAZA__DATABASE__URL", database_url.to_owned()),
        ("BARAZA__LIVEKIT__URL", format!("http://127.0.0.1:{}", plan.livekit)),
        ("BARAZA__LIVEKIT__PUBLIC_URL", plan.livekit_url()),
        ("BARAZA__LIVEKIT__API_KEY", secrets.livekit_key.clone()),
        ("BARAZA__LIVEKIT__API_SECRET", secrets.livekit_secret.clone()),
        ("BARAZA__VAULT__ENDPOINT", plan.s3_endpoint()),
        ("BARAZA__VAULT__REGION", vault::REGION.to_owned()),
        ("BARAZA__VAULT__BUCKET", vault::BUCKET.to_owned()),
        ("BARAZA__VAULT__ACCESS_KEY", secrets.vault_access_key.clone()),
        ("BARAZA__VAULT__SECRET_KEY", secrets.vault_secret_key.clone()),
        ("BARAZA__VAULT__FORCE_PATH_STYLE", "true".to_owned()),
        ("BARAZA__RECORDER__SPOOL_DIR", folder.spool().display().to_string()),
        ("BARAZA__TOKENS__SECRET", secrets.tokens_secret.clone()),
        // Used unless a mail server is configured.
        ("BARAZA__SMTP__FOLDER", folder.mail().display().to_string()),
    ]
}

/// The two ways of being asked to stop.
struct Asked {
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl Asked {
    fn new() -> Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?,
            interrupt: unix::signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
