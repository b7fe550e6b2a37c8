//! Lists, filters and searches among a million meetings beside the same among ten thousand, in 200 organizations each.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::{Args, http, pgbench::psql, platform::Platform};

/// How many meetings there are.
const SIZES: [usize; 2] = [10_000, 1_000_000];
/// Ports of the two platforms.
const PORTS: [u16; 2] = [18_180, 18_280];
/// What a call may cost among the many, in p99 among the few.
const WANTED: f64 = 1.5;
/// Connections at once: lists are measured, not the queue before the processors.
const CONNECTIONS: usize = 2;

/// What is called, and its query.
const CALLS: [(&str, &str); 20] = [
    ("all", "order=-scheduled_start"),
    ("all, oldest", "order=scheduled_start"),
    ("all, as made", "order=-created_at"),
    ("with people", "order=-scheduled_start&include=participants"),
    ("status", "status=scheduled"),
    ("two statuses", "status=completed,cancelled&order=-scheduled_start"),
    ("a week", "from=2030-01-01T00:00:00Z&to=2030-01-08T00:00:00Z"),
    ("host", "host={admin}"),
    ("type", "meeting_type=audio"),
    ("related kind", "related_type=order"),
    ("related object", "related_type=order&related_id=3"),
    ("custom field", "custom_fields=%7B%22budget%22:7%7D"),
    ("frequent word", "q=badama"),
    ("rare word", "q=sidapi"),
    ("mistyped", "q=badmaa"),
    ("beginning", "q=keda"),
    ("two words", "q=badama%20kedama"),
    ("word and status", "q=badama&status=scheduled"),
    ("word, by start", "q=badama&order=-scheduled_start"),
    ("host's name", "q=person"),
];

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line {
    bench: &'static str,
    list: &'static str,
    call: &'static str,
    /// Milliseconds among the few and among the many.
    p50_ms: [f64; 2],
    p99_ms: [f64; 2],
    /// Of the p99.
    ratio: f64,
    wanted_ratio: f64,
}

/// A platform with many meetings.
struct Filled {
    platform: Platform,
    token: String,
    admin: String,
    organization: String,
}

impl Filled {
    async fn start(meetings: usize, port: u16) -> Result<Self> {
        let platform = Platform::start(port).await?;
        let url = format!("{}/api/v1/me", platform.value("url")?);
        let me: Value = platform.client.get(url).bearer_auth(&platform.admin).send().await?.json().await?;
        let admin = me["user"]["id"].as_str().context("no id")?.to_owned();
        eprintln!("making {meetings} meetings");
        psql(
            platform.value("database_url")?,
            &[
                "-v",
                &format!("count={meetings}"),
                "-v",
                &format!("admin={admin}"),
                "-f",
                "bench/src/lists.sql",
            ],
        )?;
        let organization = psql(
            platform.value("database_url")?,
            &["-c", "set app.actor = 'system'; select id from organizations where slug = 'bench-list-0'"],
        )?;
        Ok(Self { platform, token: String::new(), admin, organization: organization.trim().to_owned() })
    }

    /// A token lives for minutes, and filling takes longer.
    async fn sign_in(&mut self) -> Result<()> {
        let credentials = Platform::credentials("admin@bench.example");
        let session = self.platform.post("", "/auth/login", &credentials).await?;
        session["access_token"].as_str().context("no token")?.clone_into(&mut self.token);
        Ok(())
    }

    /// How often big tables were read from end to end so far.
    fn sequential_scans(&self) -> Result<i64> {
        let sql = "select coalesce(sum(seq_scan), 0) from pg_stat_user_tables where relname in
            ('meetings', 'meeting_participants', 'my_meetings', 'meeting_search', 'meeting_words')";
        Ok(psql(self.platform.value("database_url")?, &["-c", sql])?.trim().parse()?)
    }

    async fn measure(&self, path: &str, seconds: u64) -> Result<http::Outcome> {
        let host = self.platform.host()?;
        let path = path.replace("{admin}", &self.admin).replace("{org}", &self.organization);
        let request =
            http::request("GET", &host, &path, &[("Authorization", &format!("Bearer {}", self.token))], "");
        http::load(&host, Arc::new(vec![request]), CONNECTIONS, seconds, true, None).await
    }
}

/// Measures every call, in the small and in the large database in turn, and prints what came out.
pub async fn run(out: &mut impl std::io::Write, args: &Args) -> Result<()> {
    let mut few = Filled::start(SIZES[0], PORTS[0]).await?;
    let mut many = Filled::start(SIZES[1], PORTS[1]).await?;
    let scans = many.sequential_scans()?;
    let mut lines = Vec::new();
    for (list, path) in
        [("organization", "/api/v1/organizations/{org}/meetings"), ("mine", "/api/v1/meetings")]
    {
        for (call, query) in CALLS {
            let path = format!("{path}?limit=20&{query}");
            for filled in [&mut few, &mut many] {
                filled.sign_in().await?;
                filled.measure(&path, 1).await?;
            }
            let mut seen: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
            let mut errors = 0;
            for _ in 0..args.rounds {
                for (filled, seen) in [&few, &many].into_iter().zip(&mut seen) {
                    let outcome = filled.measure(&path, args.seconds.div_ceil(4)).await?;
                    seen.extend(outcome.latencies);
                    errors += outcome.errors;
                }
            }
            ensure!(errors == 0, "{list}, {call}: {errors} calls failed");
            let of = |share: f64| seen.each_ref().map(|all| http::percentile(all, share));
            let (p50_ms, p99_ms) = (of(0.5), of(0.99));
            let ratio = p99_ms[1] / p99_ms[0];
            lines.push(Line { bench: "lists", list, call, p50_ms, p99_ms, ratio, wanted_ratio: WANTED });
        }
    }
    writeln!(
        out,
        "{:<13} {:<16} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}",
        "list", "call", "p50 few", "p50 many", "p99 few", "p99 many", "ratio", "wanted"
    )?;
    for line in &lines {
        writeln!(
            out,
            "{:<13} {:<16} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>7.2} {:>7.2}",
            line.list,
            line.call,
            line.p50_ms[0],
            line.p50_ms[1],
            line.p99_ms[0],
            line.p99_ms[1],
            line.ratio,
            line.wanted_ratio
        )?;
    }
    for line in &lines {
        writeln!(out, "{}", serde_json::to_string(line)?)?;
    }
    // Backends tell what they have counted after at most ten seconds of rest.
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    writeln!(out, "sequential scans of big tables: {scans} before, {} after", many.sequential_scans()?)?;
    Ok(())
}
