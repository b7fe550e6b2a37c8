//! The join call while others sign in without pause: hashing a password takes a core for tens of milliseconds, and must
//! not starve everybody else.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::{Args, http, join, median, platform::Platform};

/// People who join, and how often each: 400 joins a second leave two cores room, so that what is measured is whether
/// logins starve others, not how a full machine is shared.
const PEOPLE: usize = 8;
const EVERY: Duration = Duration::from_millis(20);
/// Clients that sign in.
const CLIENTS: usize = 20;
/// How long the clients sign in before it is measured.
const WARM_UP: Duration = Duration::from_secs(2);

/// What was seen.
#[derive(Debug, Serialize)]
pub struct Told {
    bench: &'static str,
    pub quiet_p99_ms: f64,
    pub busy_p99_ms: f64,
    /// Median over the rounds, busy by quiet.
    pub ratio: f64,
    wanted_ratio: f64,
    pub logins_per_second: f64,
    quiet_rate: f64,
    busy_rate: f64,
    rounds: usize,
    errors: usize,
}

/// Measures it quiet and busy in turn.
pub async fn run(platform: &Platform, args: &Args) -> Result<Told> {
    let (host, requests) = join::requests(platform, PEOPLE).await?;
    let mut logins = Vec::new();
    for _ in 0..CLIENTS {
        let (_, email) = platform.member().await?;
        let body = Platform::credentials(&email).to_string();
        logins.push(http::request(
            "POST",
            &host,
            "/api/v1/auth/login",
            &[("Content-Type", "application/json")],
            &body,
        ));
    }
    let logins = Arc::new(logins);
    http::load(&host, requests.clone(), PEOPLE, 2, true, None).await?;
    let (mut quiet, mut busy, mut ratios, mut errors) = (vec![], vec![], vec![], 0);
    let (mut quiet_rates, mut busy_rates, mut login_rates) = (vec![], vec![], vec![]);
    for _ in 0..args.rounds {
        let alone = http::load(&host, requests.clone(), PEOPLE, args.seconds, true, Some(EVERY)).await?;
        let signing_in = {
            let (host, logins) = (host.clone(), logins.clone());
            let seconds = args.seconds + WARM_UP.as_secs() + 1;
            tokio::spawn(async move { http::load(&host, logins, CLIENTS, seconds, true, None).await })
        };
        tokio::time::sleep(WARM_UP).await;
        let beside = http::load(&host, requests.clone(), PEOPLE, args.seconds, true, Some(EVERY)).await?;
        let signed_in = signing_in.await??;
        login_rates.push(signed_in.rate);
        errors += alone.errors + beside.errors + signed_in.errors;
        ratios.push(beside.percentile(0.99) / alone.percentile(0.99));
        quiet.push(alone.percentile(0.99));
        busy.push(beside.percentile(0.99));
        quiet_rates.push(alone.rate);
        busy_rates.push(beside.rate);
    }
    ensure!(errors == 0, "{errors} calls failed");
    Ok(Told {
        bench: "logins",
        quiet_p99_ms: median(quiet),
        busy_p99_ms: median(busy),
        ratio: median(ratios),
        wanted_ratio: 2.0,
        logins_per_second: median(login_rates),
        quiet_rate: median(quiet_rates),
        busy_rate: median(busy_rates),
        rounds: args.rounds,
        errors,
    })
}
