//! A minute of 1,000 events of LiveKit a second, as it sends them when people come and go, and how long the worker needs
//! afterwards until all of them are worked off.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{http, pgbench::psql, platform::Platform, webhook::Signer};

const SECONDS: u64 = 60;
const CONNECTIONS: usize = 10;
/// For each connection, so that it is 1,000 a second together.
const EVERY: Duration = Duration::from_millis(10);
const MEETINGS: usize = 20;
const PEOPLE: usize = 40;
const WANTED_S: f64 = 10.0;
/// When the bench gives up.
const PATIENCE: Duration = Duration::from_mins(2);

/// What was seen.
#[derive(Debug, Serialize)]
pub struct Told {
    bench: &'static str,
    pub events: usize,
    pub rate: f64,
    pub p99_ms: f64,
    /// Events that were stored and not worked off when the last was sent.
    pub left: i64,
    /// Until they were.
    pub gone_after_s: f64,
    pub wanted_s: f64,
}

/// Measures it once.
pub async fn run(platform: &Platform) -> Result<Told> {
    let rooms = rooms(platform).await?;
    let (key, secret) = platform.livekit_keys()?;
    let host = platform.host()?;
    let requests = stays(&Signer::new(&host, &key, &secret), &rooms)?;
    let outcome = http::load(&host, Arc::new(requests), CONNECTIONS, SECONDS, false, Some(EVERY)).await?;
    ensure!(outcome.errors == 0, "{} events were refused", outcome.errors);
    let database = platform.value("database_url")?;
    let (left, since) = (left(database)?, Instant::now());
    while self::left(database)? > 0 {
        ensure!(since.elapsed() < PATIENCE, "the backlog does not go");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let gone_after_s = if left == 0 { 0.0 } else { since.elapsed().as_secs_f64() };
    let sql = "set app.actor = 'system'; select count(*) from attendance_spans where participant_sid like 'PA_backlog_%'";
    let spans: usize = psql(database, &["-c", sql])?.trim().parse()?;
    let came = outcome.latencies.len() / STAY.len();
    ensure!(spans.abs_diff(came) <= CONNECTIONS, "{came} came, and {spans} are recorded");
    Ok(Told {
        bench: "backlog",
        events: outcome.latencies.len(),
        rate: outcome.rate,
        p99_ms: outcome.percentile(0.99),
        left,
        gone_after_s,
        wanted_s: WANTED_S,
    })
}

fn left(database: &str) -> Result<i64> {
    let sql = "set app.actor = 'system'; select count(*) from webhook_inbox where processed_at is null";
    Ok(psql(database, &["-c", sql])?.trim().parse()?)
}

/// Names of rooms, with the ids of who may come.
async fn rooms(platform: &Platform) -> Result<Vec<(String, Vec<Value>)>> {
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        people.push(platform.member().await?.0);
    }
    let path = format!("/organizations/{}/meetings", platform.organization);
    let mut rooms = Vec::new();
    for _ in 0..MEETINGS {
        let meeting =
            json!({"title": "Bench", "scheduled_start": "2030-01-01T09:00:00Z", "participants": people});
        let meeting = platform.post(&platform.admin, &path, &meeting).await?;
        rooms.push((meeting["room_name"].as_str().context("no room")?.to_owned(), people.clone()));
    }
    Ok(rooms)
}

/// What LiveKit tells of somebody who comes, switches on microphone and camera, and goes.
const STAY: [(&str, Option<&str>); 6] = [
    ("participant_joined", None),
    ("track_published", Some("MICROPHONE")),
    ("track_published", Some("CAMERA")),
    ("track_unpublished", Some("MICROPHONE")),
    ("track_unpublished", Some("CAMERA")),
    ("participant_left", None),
];

/// As many stays as can be told of in the time, those of one person one after the other.
fn stays(sign: &Signer<'_>, rooms: &[(String, Vec<Value>)]) -> Result<Vec<Vec<u8>>> {
    let count = usize::try_from(SECONDS * 1000)?;
    (0..count)
        .map(|n| {
            let (stay, (kind, source)) = (n / STAY.len(), STAY[n % STAY.len()]);
            let number = stay % rooms.len();
            let (room, people) = &rooms[number];
            let person = &people[stay / rooms.len() % people.len()];
            let at = sign.now.timestamp() + i64::try_from(n / 1000)?;
            let mut event = json!({
                "event": kind,
                "id": format!("EV_backlog_{n}"),
                "createdAt": at.to_string(),
                "room": {"sid": format!("RM_backlog_{number}"), "name": room},
                "participant": {"sid": format!("PA_backlog_{stay}"), "identity": person, "state": "ACTIVE",
                                "joinedAt": at.to_string(), "joinedAtMs": (at * 1000).to_string()},
            });
            if let Some(source) = source {
                event["track"] = json!({"sid": format!("TR_{n}"), "source": source});
            }
            sign.request(&event)
        })
        .collect()
}
