//! Carries the events of meetings into their LiveKit rooms, as data packets from the server.
//!
//! Any number of processes may do this: a stream is carried by one at a time, which holds it by lease. Within a
//! meeting the order is kept and a packet that could not be sent is tried again for a while; no meeting waits for
//! another, and no transaction waits for LiveKit. A packet may come twice when a process dies; its `seq` tells.

use std::time::Duration;

use kernel::ids::MeetingId;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    event::Event,
    store::{self, Claimed, Load},
};
use crate::app::App;

/// How often it is looked for work without being told of news.
const POLL: Duration = Duration::from_secs(1);
/// How long a lease lasts without a sign of life. Longer than one attempt at a packet may take.
const HOLD: Duration = Duration::from_secs(10);
/// Time after which the lease is prolonged.
const PROLONG: Duration = Duration::from_secs(2);
/// Longest attempt at a packet. LiveKit itself takes three seconds to say that there is no such room.
const SEND: Duration = Duration::from_secs(4);
/// Longest question whether a room exists.
const ASK: Duration = Duration::from_secs(2);
/// How long a packet is tried again when LiveKit is away. Whoever comes back later reads the history.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pauses between attempts grow from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Meetings carried at once.
const MOST_MEETINGS: usize = 256;
/// Events read at once.
const PAGE: i32 = 50;

/// Carries events until `shutdown`.
pub async fn run(app: App, shutdown: CancellationToken) {
    let mut news = app.watch.follow();
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut carriers = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = poll.tick() => {}
            // One look into the database serves everything that was told until now.
            _ = news.recv() => news = news.resubscribe(),
            Some(_) = carriers.join_next() => continue,
        }
        match store::claim(&app.pool, HOLD, MOST_MEETINGS.saturating_sub(carriers.len())).await {
            Ok(streams) => {
                for stream in streams {
                    carriers.spawn(carry(app.clone(), stream, shutdown.clone()));
                }
            }
            Err(error) => tracing::warn!(%error, "events cannot be carried now"),
        }
    }
    // They give their streams back, so that the next process need not wait for the leases to end.
    while carriers.join_next().await.is_some() {}
}

/// Carries one meeting's events until there are no more.
async fn carry(app: App, stream: Claimed, shutdown: CancellationToken) {
    let meeting = stream.meeting;
    if let Err(error) = Carrier::new(&app, stream, &shutdown).run().await {
        // The lease ends by itself, and then the stream is taken again.
        tracing::warn!(%error, %meeting, "a meeting's events cannot be carried now");
    }
}

/// What came of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Sent,
    /// Nobody is there to get it.
    NoRoom,
    /// LiveKit does not answer.
    Away,
}

struct Carrier<'a> {
    app: &'a App,
    stream: Claimed,
    shutdown: &'a CancellationToken,
    trouble: Trouble,
}

impl<'a> Carrier<'a> {
    fn new(app: &'a App, stream: Claimed, shutdown: &'a CancellationToken) -> Self {
        Self { app, stream, shutdown, trouble: Trouble::default() }
    }

    async fn run(mut self) -> sqlx::Result<()> {
        loop {
            let rest = self.shutdown.is_cancelled();
            let load = store::carry(&self.app.pool, &self.stream, HOLD, PAGE, rest).await?;
            match load {
                Some(load) if !rest && load.head > self.stream.done => self.send(load).await,
                _ => return Ok(()),
            }
        }
    }

    /// Sends what was read, as far as it goes before the lease has to be prolonged or LiveKit needs a pause.
    async fn send(&mut self, load: Load) {
        let began = Instant::now();
        let mut somebody_there = load.in_progress || self.room_exists(&load.room).await == Some(true);
        for event in load.events {
            if somebody_there && !self.trouble.is_hopeless() {
                match self.deliver(&load.room, &event).await {
                    Outcome::Sent => self.trouble = Trouble::default(),
                    Outcome::NoRoom => somebody_there = false,
                    Outcome::Away => return self.pause(self.stream.meeting).await,
                }
            }
            self.stream.done = event.seq;
            if began.elapsed() > PROLONG || self.shutdown.is_cancelled() {
                return;
            }
        }
    }

    async fn deliver(&self, room: &str, event: &Event) -> Outcome {
        if let Ok(Ok(())) = timeout(SEND, self.app.livekit.send(room, event.packet())).await {
            return Outcome::Sent;
        }
        // LiveKit has the same words for an absent room and for its own troubles.
        match self.room_exists(room).await {
            Some(false) => Outcome::NoRoom,
            _ => Outcome::Away,
        }
    }

    /// Whether LiveKit has the room; `None` when it does not answer.
    async fn room_exists(&self, room: &str) -> Option<bool> {
        let rooms = timeout(ASK, self.app.livekit.room_sids(vec![room.to_owned()])).await.ok()?.ok()?;
        Some(!rooms.is_empty())
    }

    async fn pause(&mut self, meeting: MeetingId) {
        let pause = self.trouble.next_pause(Instant::now());
        if self.trouble.is_hopeless() {
            tracing::warn!(%meeting, "LiveKit takes no events of this meeting; they stay in its history");
        }
        tokio::select! {
            () = self.shutdown.cancelled() => {}
            () = sleep(pause) => {}
        }
    }
}

/// How long LiveKit has been away for a meeting.
#[derive(Debug, Default)]
struct Trouble {
    since: Option<Instant>,
    pause: Duration,
    hopeless: bool,
}

impl Trouble {
    /// Another attempt has failed: how long to wait before the next.
    fn next_pause(&mut self, now: Instant) -> Duration {
        let since = *self.since.get_or_insert(now);
        self.hopeless = now.duration_since(since) >= PATIENCE;
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.pause
    }

    /// Whether it was tried long enough.
    const fn is_hopeless(&self) -> bool {
        self.hopeless
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_patience_ends() {
        let (mut trouble, start) = (Trouble::default(), Instant::now());
        let pauses: Vec<u128> = (0..6).map(|_| trouble.next_pause(start).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
        assert!(!trouble.is_hopeless());
        trouble.next_pause(start + PATIENCE);
        assert!(trouble.is_hopeless());
    }

    #[test]
    fn a_lease_outlasts_an_attempt() {
        assert!(PROLONG + SEND + ASK + LONGEST_PAUSE < HOLD);
    }
}
