//! The stream of a meeting's events for pages: Server-Sent Events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse, Response, Sse,
        sse::{self, KeepAlive},
    },
};
use kernel::ids::MeetingId;
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::{Instant, MissedTickBehavior},
};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use super::{
    event::Event,
    hub::{Batch, PAGE},
    store,
};
use crate::{
    access::guest::Attending,
    app::App,
    http::{Path, Problem, Query, Result},
};

/// How often a silent stream shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often it is looked whether the follower still may.
const RECHECK: Duration = Duration::from_secs(30);
/// Events that wait for a slow client before reading stops.
const BUFFER: usize = 64;
/// Tells proxies to pass events on at once.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Begin {
    /// Number of the last event that was seen, for clients that cannot send `Last-Event-ID`. From now on when absent.
    pub last_event_id: Option<i64>,
}

/// What happens in a meeting, as Server-Sent Events: `id` is the number of the event, `event` its name, `data` the
/// JSON that the room gets too. People who take part may follow. A stream that breaks is taken up again with
/// `Last-Event-ID`.
#[utoipa::path(get, path = "/meetings/{id}/events", tag = "chat",
    params(("id" = MeetingId, Path), Begin, ("Last-Event-ID" = Option<i64>, Header, description = "Number of the last event that was seen.")),
    responses((status = 200, body = Event, content_type = "text/event-stream"), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn events(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
    Query(from): Query<Begin>,
    headers: HeaderMap,
) -> Result<Response> {
    let seen = last_seen(&headers, &from)?;
    let feed = app.hub.follow(&app, id);
    let mut tx = app.begin_for(&attending).await?;
    store::require_follower(&mut tx, &attending, id).await?;
    let head = store::head(&mut tx, id).await?;
    drop(tx);
    let (out, stream) = mpsc::channel(BUFFER);
    // A number from the future is one of another database.
    let position = seen.map_or(head, |seen| seen.clamp(0, head));
    tokio::spawn(Follower { app, attending, meeting: id, out, position }.run(feed));
    let stream = Sse::new(ReceiverStream::new(stream)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([(ACCEL_BUFFERING, "no")], stream).into_response())
}

fn last_seen(headers: &HeaderMap, from: &Begin) -> Result<Option<i64>> {
    let Some(header) = headers.get(LAST_EVENT_ID) else { return Ok(from.last_event_id) };
    header.to_str().ok().and_then(|text| text.trim().parse().ok()).map(Some).ok_or_else(|| {
        Problem::invalid_field("/last_event_id", "INVALID", "The last event's id is a number.")
    })
}

/// One open stream. It ends when its client goes, when the client may no longer follow, when the program stops, and
/// when the database is away: the client then comes back and takes it up.
struct Follower {
    app: App,
    attending: Attending,
    meeting: MeetingId,
    out: mpsc::Sender<Result<sse::Event, Infallible>>,
    position: i64,
}

/// The stream is over.
struct Over;

impl<E: Into<Problem>> From<E> for Over {
    fn from(cause: E) -> Self {
        let problem: Problem = cause.into();
        tracing::debug!(code = problem.code, "an event stream ends");
        Self
    }
}

impl Follower {
    async fn run(mut self, mut feed: tokio::sync::broadcast::Receiver<Arc<Batch>>) {
        let stopping = self.app.stopping.clone();
        let follow = async {
            // Headers go out with the first bytes.
            self.put(sse::Event::default().comment("following")).await?;
            self.catch_up().await?;
            let mut recheck = tokio::time::interval_at(Instant::now() + RECHECK, RECHECK);
            recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = self.out.closed() => return Err(Over),
                    _ = recheck.tick() => self.check_access().await?,
                    batch = feed.recv() => match batch {
                        Ok(batch) => self.take(&batch).await?,
                        Err(RecvError::Lagged(_)) => self.catch_up().await?,
                        Err(RecvError::Closed) => return Err(Over),
                    },
                }
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            Err::<(), Over>(_) = follow => {}
        }
    }

    /// Passes on what is new in a batch; what was missed before it comes from the database.
    async fn take(&mut self, batch: &Batch) -> Result<(), Over> {
        if batch.after > self.position {
            // Row-level security would show nothing, rather than say no.
            self.check_access().await?;
            return self.catch_up().await;
        }
        for event in &batch.events {
            self.pass(event).await?;
        }
        Ok(())
    }

    async fn catch_up(&mut self) -> Result<(), Over> {
        loop {
            let mut tx = self.app.begin_for(&self.attending).await?;
            let events = store::behind(&mut tx, self.meeting, self.position, PAGE).await?;
            drop(tx);
            if events.is_empty() {
                return Ok(());
            }
            for event in &events {
                self.pass(event).await?;
            }
        }
    }

    async fn pass(&mut self, event: &Event) -> Result<(), Over> {
        if event.seq <= self.position {
            return Ok(());
        }
        let message = sse::Event::default().id(event.seq.to_string()).event(&event.event).data(event.json());
        self.put(message).await?;
        self.position = event.seq;
        // Whoever is sent out sees that, and nothing after it.
        let whom = event.data.get("user_id").and_then(Value::as_str);
        if event.event == "participant.removed" && whom == Some(self.attending.id().to_string().as_str()) {
            self.check_access().await?;
        }
        Ok(())
    }

    async fn put(&self, message: sse::Event) -> Result<(), Over> {
        self.out.send(Ok(message)).await.map_err(|_| Over)
    }

    async fn check_access(&self) -> Result<(), Over> {
        let mut tx = self.app.begin_for(&self.attending).await?;
        store::require_follower(&mut tx, &self.attending, self.meeting).await?;
        let session = match self.attending {
            Attending::Person(caller) => caller.session_id(),
            Attending::Guest(_) => None,
        };
        match session {
            Some(session) if store::is_signed_out(&mut tx, session).await? => Err(Over),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_goes_before_the_query() {
        let query = Begin { last_event_id: Some(3) };
        let mut headers = HeaderMap::new();
        assert_eq!(last_seen(&headers, &query).expect("a number"), Some(3));
        headers.insert(LAST_EVENT_ID, "17".parse().expect("a value"));
        assert_eq!(last_seen(&headers, &query).expect("a number"), Some(17));
        headers.insert(LAST_EVENT_ID, "x".parse().expect("a value"));
        assert!(last_seen(&headers, &query).is_err());
    }
}
