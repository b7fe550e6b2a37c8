//! A LiveKit webhook beside pgbench doing one insert.

use std::sync::Arc;

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Args, Line, http, median, pgbench, platform::Platform};

const REFERENCE: &str = "insert into bench_log (row, payload) values (1, repeat('x', 500));\n";
/// More events than a round can take, each with an id of its own.
const EVENTS_PER_SECOND: usize = 20_000;

/// Measures it with events of many rooms, signed beforehand.
pub async fn run(platform: &Platform, args: &Args) -> Result<Line> {
    let (key, secret) = platform.livekit_keys()?;
    let database = platform.value("database_url")?;
    let host = platform.value("url")?.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    pgbench::prepare(database)?;
    let (mut rates, mut references, mut p50, mut p99, mut errors) = (vec![], vec![], vec![], vec![], 0);
    for round in 0..args.rounds {
        references.push(pgbench::rate(database, REFERENCE, args.connections, args.seconds)?);
        let count = EVENTS_PER_SECOND * usize::try_from(args.seconds)?;
        let requests = Arc::new(events(&host, &key, &secret, round, count)?);
        let outcome = http::load(&host, requests, args.connections, args.seconds, false, None).await?;
        rates.push(outcome.rate);
        p50.push(outcome.percentile(0.5));
        p99.push(outcome.percentile(0.99));
        errors += outcome.errors;
    }
    let ratios = rates.iter().zip(&references).map(|(rate, reference)| rate / reference).collect();
    Ok(Line {
        bench: "webhook",
        rate: median(rates),
        reference: "pgbench: one insert",
        reference_rate: median(references),
        ratio: median(ratios),
        wanted_ratio: 0.8,
        p50_ms: median(p50),
        p99_ms: median(p99),
        connections: args.connections,
        rounds: args.rounds,
        errors,
    })
}

fn events(host: &str, key: &str, secret: &str, round: usize, count: usize) -> Result<Vec<Vec<u8>>> {
    let sign = Signer::new(host, key, secret);
    (0..count)
        .map(|n| {
            sign.request(&json!({
                "event": "track_published",
                "id": format!("EV_bench_{round}_{n}"),
                "createdAt": sign.now.timestamp().to_string(),
                "room": {"sid": format!("RM_{}", n % 50), "name": format!("bench-{}", n % 50)},
                "participant": {"sid": format!("PA_{n}"), "identity": format!("person-{}", n % 500)},
                "track": {"sid": format!("TR_{n}"), "type": "VIDEO", "source": "CAMERA", "mimeType": "video/VP8",
                          "width": 1280, "height": 720}
            }))
        })
        .collect()
}

/// Makes webhooks as LiveKit does.
pub struct Signer<'a> {
    host: &'a str,
    key: &'a str,
    secret: EncodingKey,
    pub now: DateTime<Utc>,
}

impl<'a> Signer<'a> {
    pub fn new(host: &'a str, key: &'a str, secret: &str) -> Self {
        let now = kernel::clock::Clock::system().now();
        Self { host, key, secret: EncodingKey::from_secret(secret.as_bytes()), now }
    }

    /// The request that tells of an event.
    pub fn request(&self, event: &Value) -> Result<Vec<u8>> {
        let body = event.to_string();
        let now = self.now.timestamp();
        let claims = json!({
            "iss": self.key, "nbf": now, "exp": now + 300,
            "sha256": STANDARD.encode(Sha256::digest(body.as_bytes()))
        });
        let token = jsonwebtoken::encode(&Header::default(), &claims, &self.secret)?;
        let headers = [("Authorization", token.as_str()), ("Content-Type", "application/webhook+json")];
        Ok(http::request("POST", self.host, "/api/v1/webhooks/livekit", &headers, &body))
    }
}
