//! What operators look at: whether the program lives, whether it is ready, its numbers, and the API's description.

use std::sync::OnceLock;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use kernel::{inbox, jobs};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::Serialize;

use crate::{app::App, http::Json, shows, webhooks};

/// Buckets of request times in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Health and numbers, at the root where probes and scrapers look, and under the API's prefix.
pub fn routes() -> Router<App> {
    // Before anything is worked on: what is counted without a recorder is lost.
    recorder();
    let health = || {
        Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/metrics", get(numbers))
    };
    health().nest("/api/v1", health())
}

async fn healthz() -> &'static str {
    "ok"
}

/// Each dependency with its state.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    livekit: &'static str,
    vault: &'static str,
}

/// Ready when the database answers: without LiveKit or the vault, pages and plans still work.
async fn readyz(State(app): State<App>) -> Response {
    let database = async {
        let mut tx = app.begin_system().await.ok()?;
        crate::accounts::is_set_up(&mut tx).await.ok()
    };
    let (database, livekit, vault) =
        tokio::join!(database, app.livekit.room_sids(vec!["-".to_owned()]), app.vault.check());
    let said = |well: bool| if well { "ok" } else { "away" };
    let ready = database.is_some();
    let readiness = Readiness {
        ready,
        database: said(ready),
        livekit: said(livekit.is_ok()),
        vault: said(vault.is_ok()),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full("http_request_seconds".to_owned()), &BUCKETS)
            .map_or_else(|_| PrometheusBuilder::new().build_recorder(), PrometheusBuilder::build_recorder);
        let handle = recorder.handle();
        // Set once per process; a second service in it counts into the same numbers.
        let _ = metrics::set_global_recorder(recorder);
        webhooks::begin_to_count();
        shows::begin_to_count();
        handle
    })
}

async fn numbers(State(app): State<App>) -> impl IntoResponse {
    // Without the database the other numbers are still worth reading.
    if let Some((jobs, webhooks)) = backlogs(&app).await {
        let backlogs = [
            ("jobs_due", jobs.due),
            ("jobs_dead", jobs.dead),
            ("webhooks_waiting", webhooks.waiting),
            ("webhooks_dead", webhooks.dead),
        ];
        for (name, number) in backlogs {
            metrics::gauge!(name).set(f64::from(u32::try_from(number).unwrap_or(u32::MAX)));
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], recorder().render())
}

async fn backlogs(app: &App) -> Option<(jobs::Backlog, inbox::Backlog)> {
    let mut tx = app.begin_system().await.ok()?;
    let jobs = jobs::backlog(&mut tx, app.clock.now()).await.ok()?;
    Some((jobs, inbox::backlog(&mut tx).await.ok()?))
}

/// Counts requests and their times by route, never by address: ids would make a series each.
pub async fn count(request: Request, next: Next) -> Response {
    recorder();
    let route = request.extensions().get::<MatchedPath>().map_or("page", MatchedPath::as_str).to_owned();
    let method = request.method().as_str().to_owned();
    let started = std::time::Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route).record(started.elapsed().as_secs_f64());
    response
}
