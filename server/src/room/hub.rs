//! Feeds the open event streams of this process: each followed meeting is read once for all who follow it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use kernel::ids::MeetingId;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::MissedTickBehavior,
};

use super::{event::Event, store};
use crate::app::App;

/// Events read at once.
pub const PAGE: i64 = 200;
/// How often a meeting is looked at without being told of news.
const POLL: Duration = Duration::from_secs(1);
/// Batches that a follower may fall behind before it has to look into the database.
const BACKLOG: usize = 256;

/// What a reader found.
#[derive(Debug)]
pub struct Batch {
    /// Number of the event before the first; whoever has not seen that one has missed something.
    pub after: i64,
    /// The events in order.
    pub events: Vec<Event>,
}

type Feed = broadcast::Sender<Arc<Batch>>;

/// The feeds of the meetings that are followed in this process.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<HashMap<MeetingId, Feed>>>);

impl Hub {
    /// What happens in a meeting from now on. The first batch may be empty: it tells where the reader began, so that
    /// nothing falls between a follower's own look into the database and this feed.
    pub fn follow(&self, app: &App, meeting: MeetingId) -> broadcast::Receiver<Arc<Batch>> {
        let mut feeds = self.0.lock().expect("the hub is never poisoned");
        if let Some(feed) = feeds.get(&meeting) {
            return feed.subscribe();
        }
        let (feed, receiver) = broadcast::channel(BACKLOG);
        feeds.insert(meeting, feed.clone());
        tokio::spawn(read(app.clone(), meeting, feed));
        receiver
    }

    /// Takes a feed away, unless somebody follows it.
    fn close(&self, meeting: MeetingId, feed: &Feed) -> bool {
        let mut feeds = self.0.lock().expect("the hub is never poisoned");
        let unused = feed.receiver_count() == 0;
        if unused {
            feeds.remove(&meeting);
        }
        unused
    }
}

/// Reads a meeting's events as long as somebody follows.
async fn read(app: App, meeting: MeetingId, feed: Feed) {
    let mut news = app.watch.follow();
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut position = None;
    while !app.stopping.is_cancelled() {
        match next(&app, meeting, position).await {
            Ok(batch) => {
                let full = batch.events.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
                let first = position.is_none();
                position = Some(batch.events.last().map_or(batch.after, |event| event.seq));
                if first || !batch.events.is_empty() {
                    // Followers may have gone meanwhile; that is seen below.
                    let _ = feed.send(Arc::new(batch));
                }
                if full {
                    continue;
                }
            }
            Err(error) => tracing::warn!(%error, %meeting, "the events of a meeting cannot be read now"),
        }
        loop {
            tokio::select! {
                () = app.stopping.cancelled() => break,
                _ = poll.tick() => break,
                told = news.recv() => match told {
                    // The nil id is for everybody.
                    Ok(told) if told != meeting && !told.0.is_nil() => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => news = app.watch.follow(),
                },
            }
        }
        if app.hub.close(meeting, &feed) {
            return;
        }
    }
}

async fn next(app: &App, meeting: MeetingId, position: Option<i64>) -> sqlx::Result<Batch> {
    let mut tx = kernel::db::begin(&app.pool, kernel::db::Actor::System).await?;
    Ok(match position {
        None => Batch { after: store::head(&mut tx, meeting).await?, events: Vec::new() },
        Some(after) => Batch { after, events: store::behind(&mut tx, meeting, after, PAGE).await? },
    })
}
