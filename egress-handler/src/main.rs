//! The egress handler of Baraza: `run` records, `doctor` says whether it could.

use std::{io::Write, process::ExitCode};

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

#[tokio::main]
async fn main() -> Result<ExitCode> {
    telemetry::init();
    let config = Config::load()?;
    let clock = Clock::system();
    match Cli::parse().verb {
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
