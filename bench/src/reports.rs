//! Reports that have much to tell: a meeting with 5,000 connections, and a member's year of 500 meetings.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::{Args, http, pgbench::psql, platform::Platform};

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line {
    bench: &'static str,
    report: &'static str,
    p50_ms: f64,
    p99_ms: f64,
    wanted_ms: f64,
    bytes: usize,
}

/// Fills the platform's organization, asks for each report by one connection, and prints how long it took.
pub async fn run(out: &mut impl std::io::Write, platform: &Platform, args: &Args) -> Result<()> {
    let url = platform.value("url")?;
    let get = async |path: &str| -> Result<Vec<u8>> {
        let answer = platform.client.get(format!("{url}{path}")).bearer_auth(&platform.admin).send().await?;
        Ok(answer.error_for_status()?.bytes().await?.to_vec())
    };
    let me: Value = serde_json::from_slice(&get("/api/v1/me").await?)?;
    let admin = me["user"]["id"].as_str().context("no id")?;
    let organization = &platform.organization;
    let (admin_is, organization_is) = (format!("admin={admin}"), format!("organization={organization}"));
    let meeting = psql(
        platform.value("database_url")?,
        &["-v", &admin_is, "-v", &organization_is, "-f", "bench/src/reports.sql"],
    )?;
    let meeting = meeting.lines().last().context("no meeting")?.trim();
    for (report, path, wanted_ms) in [
        ("5,000 connections", format!("/api/v1/meetings/{meeting}/attendance"), 100.0),
        ("500 meetings", format!("/api/v1/organizations/{organization}/reports/members/{admin}"), 200.0),
    ] {
        let bytes = get(&path).await?.len();
        let authorization = format!("Bearer {}", platform.admin);
        let host = platform.host()?;
        let request = http::request("GET", &host, &path, &[("Authorization", &authorization)], "");
        let outcome = http::load(&host, Arc::new(vec![request]), 1, args.seconds, true, None).await?;
        ensure!(outcome.errors == 0, "{report}: {} calls failed", outcome.errors);
        let (p50_ms, p99_ms) = (outcome.percentile(0.5), outcome.percentile(0.99));
        let line = Line { bench: "reports", report, p50_ms, p99_ms, wanted_ms, bytes };
        writeln!(
            out,
            "report of {report}: p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms (wanted: below {wanted_ms} ms), {bytes} bytes"
        )?;
        writeln!(out, "{}", serde_json::to_string(&line)?)?;
    }
    Ok(())
}
