//! The egress handler of Baraza: `run` records, `doctor` says whether it could.

use std::{
    env,
    io::Write,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use egress::{claim, doctor};
use kernel::{clock::Clock, config::Config, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Records the meetings of Baraza.
#[derive(Parser)]
#[command(name = "baraza-egress", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Takes recordings as they are wanted, until stopped.
    Run,
    /// Looks whether everything that a recording needs is there.
    Doctor,
}

/// How the C library, in which pictures are decoded and encoded, keeps memory: with a heap for each thread it kept twice
/// of what is in use, and what large pictures leave behind goes back at once. It looks at this when a program starts.
const THRIFT: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "1"), ("MALLOC_TRIM_THRESHOLD_", "1048576")];

fn main() -> Result<ExitCode> {
    let Cli { verb } = Cli::parse();
    if matches!(verb, Verb::Run) {
        be_thrifty();
    }
    carry_out(&verb)
}

/// Becomes the same program anew, with its memory kept thriftily, unless somebody has said how it is to be kept.
fn be_thrifty() {
    let said = THRIFT.iter().any(|(name, _)| env::var_os(name).is_some());
    if let (false, Ok(program)) = (said, env::current_exe()) {
        // It comes back only when it does not work, and without it we only need more.
        let _ = Command::new(program).args(env::args_os().skip(1)).envs(THRIFT).exec();
    }
}

#[tokio::main]
async fn carry_out(verb: &Verb) -> Result<ExitCode> {
    telemetry::init();
    let config = Config::load()?;
    let clock = Clock::system();
    match verb {
        Verb::Run => {
            gst::init().context("GStreamer cannot start")?;
            let shutdown = CancellationToken::new();
            tokio::spawn(stop_on_signal(shutdown.clone()));
            claim::run(&config, clock, shutdown).await?;
            // All is handed over; a pipeline that is slow to stop must not keep the process.
            std::process::exit(0)
        }
        Verb::Doctor => {
            let findings = doctor::examine(&config, &clock).await;
            std::io::stdout().write_all(doctor::table(&findings).as_bytes())?;
            let healthy = findings.iter().all(|finding| finding.found.is_ok());
            Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

async fn stop_on_signal(shutdown: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    shutdown.cancel();
}
