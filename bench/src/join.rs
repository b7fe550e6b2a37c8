//! The join call beside pgbench doing one primary-key select and one insert.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;

use crate::{Args, Line, http, median, pgbench, platform::Platform};

const REFERENCE: &str = "begin;
\\set id random(1, 100000)
select payload from bench_rows where id = :id;
insert into bench_log (row, payload) values (:id, 'joined');
commit;
";

/// Requests to join one meeting, one for each of `people` who are signed in, and the server they go to.
pub async fn requests(platform: &Platform, people: usize) -> Result<(String, Arc<Vec<Vec<u8>>>)> {
    let org = &platform.organization;
    let (mut invited, mut tokens) = (Vec::new(), Vec::new());
    for _ in 0..people {
        let (id, email) = platform.member().await?;
        invited.push(id);
        let login = platform.post("", "/auth/login", &Platform::credentials(&email)).await?;
        tokens.push(login["access_token"].as_str().context("no token")?.to_owned());
    }
    let meeting =
        json!({"title": "Bench", "scheduled_start": "2030-01-01T09:00:00Z", "participants": invited});
    let meeting = platform.post(&platform.admin, &format!("/organizations/{org}/meetings"), &meeting).await?;
    let path = format!("/api/v1/meetings/{}/join", meeting["id"].as_str().context("no meeting")?);
    let host = platform.host()?;
    let requests = tokens
        .iter()
        .map(|token| {
            http::request("POST", &host, &path, &[("Authorization", &format!("Bearer {token}"))], "")
        })
        .collect();
    Ok((host, Arc::new(requests)))
}

/// Measures it with one person per connection, all in one meeting.
pub async fn run(platform: &Platform, args: &Args) -> Result<Line> {
    let (host, requests) = requests(platform, args.connections).await?;
    let database = platform.value("database_url")?;
    pgbench::prepare(database)?;
    http::load(&host, requests.clone(), args.connections, 2, true, None).await?;
    let (mut rates, mut references, mut p50, mut p99, mut errors) = (vec![], vec![], vec![], vec![], 0);
    for _ in 0..args.rounds {
        references.push(pgbench::rate(database, REFERENCE, args.connections, args.seconds)?);
        let outcome = http::load(&host, requests.clone(), args.connections, args.seconds, true, None).await?;
        rates.push(outcome.rate);
        p50.push(outcome.percentile(0.5));
        p99.push(outcome.percentile(0.99));
        errors += outcome.errors;
    }
    let ratios = rates.iter().zip(&references).map(|(rate, reference)| rate / reference).collect();
    Ok(Line {
        bench: "join",
        rate: median(rates),
        reference: "pgbench: select by primary key + insert",
        reference_rate: median(references),
        ratio: median(ratios),
        wanted_ratio: 0.5,
        p50_ms: median(p50),
        p99_ms: median(p99),
        connections: args.connections,
        rounds: args.rounds,
        errors,
    })
}
