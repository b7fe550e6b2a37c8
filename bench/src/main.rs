//! Benchmarks of Baraza. Each starts the platform as `./baraza up` does, on a database of its own, and measures a
//! call and its reference in turn, so that the ratio holds however fast the machine is just then.

mod backlog;
mod http;
mod join;
mod lists;
mod logins;
mod pgbench;
mod platform;
mod recorder;
mod reports;
mod webhook;

use std::io::Write;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use serde::Serialize;

use platform::Platform;

/// Measure calls of Baraza beside a reference.
#[derive(Parser)]
struct Args {
    /// What to measure; everything when absent.
    names: Vec<Name>,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// How often call and reference are measured in turn.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Connections at once.
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// The join call beside one primary-key select and one insert in a transaction of pgbench.
    Join,
    /// A LiveKit webhook beside one insert of pgbench.
    Webhook,
    /// The join call while 20 clients log in without pause, beside the join call alone.
    Logins,
    /// What is left to be done after a minute of 1,000 events a second.
    Backlog,
    /// Reports of a meeting with 5,000 connections, and of a member's 500 meetings.
    Reports,
    /// Resident memory of `serve` before any load.
    Idle,
    /// A recording beside one with a browser: processor time and memory. Not among everything: it needs Xvfb.
    Recorder,
    /// Lists and searches among a million meetings beside the same among ten thousand.
    Lists,
}

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line {
    bench: &'static str,
    /// Median over the rounds, per second.
    rate: f64,
    reference: &'static str,
    reference_rate: f64,
    ratio: f64,
    wanted_ratio: f64,
    p50_ms: f64,
    p99_ms: f64,
    connections: usize,
    rounds: usize,
    errors: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let wants = |name| args.names.is_empty() || args.names.contains(&name);
    let mut out = std::io::stdout().lock();
    if wants(Name::Lists) {
        lists::run(&mut out, &args).await?;
        if args.names == [Name::Lists] {
            return Ok(());
        }
    }
    let platform = Platform::start(18_080).await?;
    if wants(Name::Idle) {
        let megabytes = platform.serve_resident_megabytes()?;
        writeln!(out, "idle: serve has {megabytes:.1} MB resident (wanted: below 80)")?;
        writeln!(out, "{}", serde_json::json!({"bench": "idle", "resident_mb": megabytes, "wanted_mb": 80}))?;
    }
    if wants(Name::Logins) {
        let told = logins::run(&platform, &args).await?;
        writeln!(
            out,
            "logins: join's p99 is {:.2} ms quiet and {:.2} ms beside {:.1} logins/s: {:.2} times (wanted: below 2)",
            told.quiet_p99_ms, told.busy_p99_ms, told.logins_per_second, told.ratio
        )?;
        writeln!(out, "{}", serde_json::to_string(&told)?)?;
    }
    if wants(Name::Reports) {
        reports::run(&mut out, &platform, &args).await?;
    }
    if args.names.contains(&Name::Recorder) {
        recorder::run(&mut out, &platform, &args).await?;
    }
    if wants(Name::Backlog) {
        let told = backlog::run(&platform).await?;
        writeln!(
            out,
            "backlog: after {} events at {:.0}/s, p99 {:.1} ms, {} were left, gone {:.1} s later (wanted: below {})",
            told.events, told.rate, told.p99_ms, told.left, told.gone_after_s, told.wanted_s
        )?;
        writeln!(out, "{}", serde_json::to_string(&told)?)?;
    }
    let mut lines = Vec::new();
    if wants(Name::Join) {
        lines.push(join::run(&platform, &args).await?);
    }
    if wants(Name::Webhook) {
        lines.push(webhook::run(&platform, &args).await?);
    }
    writeln!(
        out,
        "{:<9} {:>9} {:>9} {:>7} {:>7} {:>9} {:>9}  reference",
        "bench", "call/s", "ref/s", "ratio", "wanted", "p50 ms", "p99 ms"
    )?;
    for line in &lines {
        writeln!(
            out,
            "{:<9} {:>9.0} {:>9.0} {:>7.2} {:>7.2} {:>9.2} {:>9.2}  {}",
            line.bench,
            line.rate,
            line.reference_rate,
            line.ratio,
            line.wanted_ratio,
            line.p50_ms,
            line.p99_ms,
            line.reference
        )?;
    }
    for line in &lines {
        writeln!(out, "{}", serde_json::to_string(line)?)?;
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
