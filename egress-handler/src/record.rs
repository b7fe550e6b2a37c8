//! One recording, from the moment it was claimed until it is available, failed, or in another handler's hands.

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use kernel::{
    clock::Clock,
    ids::RecordingId,
    livekit::{Identity, Keys, VideoGrant},
    recording::{FailureCode, Gap, Status, StopReason},
    vault::Vault,
};
use tokio::{
    fs,
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    engine::{Engine, Event, Lost, Piece, Segment, Wish, livekit_egress},
    ledger::{Claim, Finished, Ledger, LedgerError, MAX_ATTEMPTS, Orders},
    spool::{Full, Queue},
    stills, tracks,
    upload::{LeaseLost, Uploader},
    verify::{self, Unfit},
};

/// How often a handler says that it still holds a recording.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long the first try to get into the room may take.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// An absence that is shorter than this is not worth a word.
const GAP: chrono::Duration = chrono::Duration::milliseconds(100);
/// How long a recording rests after its engine broke.
const REST_SECONDS: f64 = 1.0;
/// How long the token for the room holds; LiveKit renews it while the recorder is there.
const TOKEN_TTL: chrono::Duration = chrono::Duration::minutes(10);

/// What recordings need of the outside.
#[derive(Clone)]
pub struct Outside {
    /// The database.
    pub ledger: Ledger,
    /// The store.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
    /// The media server, as clients reach it from here.
    pub livekit_url: String,
    /// Its keys.
    pub livekit_keys: Keys,
    /// Where pieces wait while the store is away.
    pub spool: PathBuf,
    /// How long a room may be empty.
    pub empty_timeout: Duration,
    /// Cancelled when the handler is to stop.
    pub shutdown: CancellationToken,
    /// Told when the server has changed a wish.
    pub wake: Arc<Notify>,
    /// The LiveKit Egress service, for the recordings that it makes.
    pub service: Arc<livekit_egress::Service>,
}

/// How the engine's work ended.
enum End {
    /// The recording is over.
    Over(StopReason),
    /// Another handler is to go on.
    HandOver,
    /// It never began.
    Failed(FailureCode),
    /// The engine broke; it is to be started anew.
    Broken,
}

/// Works on a claimed recording as long as it is ours.
pub async fn work(outside: Outside, claim: Claim) {
    let id = claim.id;
    info!(recording = %id, attempt = claim.attempt, status = ?claim.status, "recording claimed");
    let lost = CancellationToken::new();
    let spool = folder(&outside, &claim);
    let (orders, heart) = keep_lease(&outside, &claim, lost.clone());
    let conducted = async {
        if claim.engine == kernel::egress::ENGINE {
            livekit_egress::conduct(&outside, &claim, orders, &lost).await
        } else {
            conduct(&outside, &claim, orders, &lost).await
        }
    };
    let worked = tokio::select! {
        worked = conducted => worked,
        () = lost.cancelled() => Err(LeaseLost),
    };
    heart.abort();
    // Nobody wants what still waits. Mostly there is nothing, and no folder.
    let _ = fs::remove_dir_all(spool).await;
    if worked.is_ok() {
        info!(recording = %id, "done with the recording");
    } else {
        warn!(recording = %id, "another handler has taken the recording over");
    }
}

/// Where what was recorded waits. This handler may take the same recording again before it has cleaned up.
fn folder(outside: &Outside, claim: &Claim) -> PathBuf {
    outside.spool.join(format!("{}-{}", claim.id, claim.attempt))
}

/// Holds the lease; gives what is ordered.
fn keep_lease(
    outside: &Outside,
    claim: &Claim,
    lost: CancellationToken,
) -> (watch::Receiver<Orders>, JoinHandle<()>) {
    let (sender, receiver) = watch::channel(Orders::default());
    let (ledger, claim, wake) = (outside.ledger.clone(), claim.clone(), Arc::clone(&outside.wake));
    let task = tokio::spawn(async move {
        loop {
            match ledger.heartbeat(&claim).await {
                Ok(orders) => drop(sender.send_if_modified(|old| std::mem::replace(old, orders) != orders)),
                Err(LedgerError::LeaseLost) => return lost.cancel(),
                // Nobody can take the recording over while the database is away.
                Err(LedgerError::Database(error)) => warn!(%error, "the ledger is away"),
            }
            tokio::select! {
                () = time::sleep(HEARTBEAT) => {}
                () = wake.notified() => {}
            }
        }
    });
    (receiver, task)
}

async fn conduct(
    outside: &Outside,
    claim: &Claim,
    mut orders: watch::Receiver<Orders>,
    lost: &CancellationToken,
) -> Result<(), LeaseLost> {
    // 1. Find out how far it is.
    let uploader =
        Uploader::resume(outside.vault.clone(), outside.ledger.clone(), claim.clone(), lost.clone()).await?;
    if claim.attempt > MAX_ATTEMPTS && uploader.is_empty() {
        return fail(outside, claim, lost, FailureCode::TooManyAttempts).await;
    }
    // 2. Record, unless it was over before.
    let before = uploader.ended_at();
    let folder = folder(outside, claim);
    let (voices, sending_voices) = tracks::start(
        outside.vault.clone(),
        outside.ledger.clone(),
        claim.clone(),
        uploader.lasts(),
        folder.join("voices"),
        lost.clone(),
    );
    let (segments, sending) = uploader.start(folder);
    let queues = Queues { segments, voices };
    let end = if claim.status == Status::Finalizing || claim.attempt > MAX_ATTEMPTS {
        drop(queues);
        End::Over(StopReason::Host)
    } else {
        run_engine(outside, claim, &mut orders, lost, queues, before).await?
    };
    // 3. Say what became of it, while the last pieces go on their way.
    if let End::Over(reason) = end {
        let now = outside.clock.now();
        note(lost, || outside.ledger.ended(claim, reason, now)).await?;
    }
    sending_voices.await.unwrap_or(Err(LeaseLost))?;
    let mut uploader = sending.await.unwrap_or(Err(LeaseLost))?;
    match end {
        End::Over(_) if uploader.is_empty() => fail(outside, claim, lost, FailureCode::NothingRecorded).await,
        End::Over(_) => finish(outside, claim, lost, &mut uploader).await,
        End::Failed(code) => fail(outside, claim, lost, code).await,
        End::HandOver => note(lost, || outside.ledger.release(claim, 0.0)).await,
        End::Broken => note(lost, || outside.ledger.release(claim, REST_SECONDS)).await,
    }
}

/// Runs the engine until there is a reason to end.
async fn run_engine(
    outside: &Outside,
    claim: &Claim,
    orders: &mut watch::Receiver<Orders>,
    lost: &CancellationToken,
    mut queues: Queues,
    before: Option<DateTime<Utc>>,
) -> Result<End, LeaseLost> {
    let wish = Wish {
        url: outside.livekit_url.clone(),
        token: token(outside, claim),
        audio_only: claim.audio_only,
        layout: claim.layout,
        voices: claim.voices,
    };
    let (engine, mut events) = match Engine::start(wish, outside.clock.clone()) {
        Ok(started) => started,
        Err(error) => {
            error!(%error, "the engine cannot start");
            return Ok(if claim.attempt < 3 { End::Broken } else { End::Failed(FailureCode::EngineFailed) });
        }
    };
    let mut state = Attendance::new(before);
    let end = loop {
        let Orders { stop, paused } = *orders.borrow();
        if let Some(reason) = stop {
            break End::Over(reason);
        }
        engine.pause(paused);
        if let Some(end) = state.overdue(Instant::now(), outside.empty_timeout) {
            break end;
        }
        tokio::select! {
            () = outside.shutdown.cancelled() => break End::HandOver,
            changed = orders.changed() => if changed.is_err() { return Err(LeaseLost) },
            () = time::sleep(Duration::from_millis(200)) => {}
            event = events.recv() => match event {
                Some(Event::Segment(segment)) => if queues.segments.push(*segment).await == Err(Full) {
                    error!("the store is away and the disk is full");
                    break End::Over(StopReason::DiskFull);
                },
                Some(Event::Voice(piece)) => queues.add(piece).await,
                Some(Event::Broken(reason)) => {
                    error!(reason, "the engine broke");
                    break End::Broken;
                }
                Some(Event::Finished) | None => break End::Broken,
                Some(event) => state.apply(event, outside, claim, lost),
            },
        }
    };
    // What is in the encoders belongs to the recording, too.
    engine.finish();
    drain(&mut events, &mut queues).await;
    Ok(end)
}

/// Where what was recorded waits to be sent.
struct Queues {
    segments: Queue<Segment>,
    voices: Queue<Piece>,
}

impl Queues {
    /// Adds a piece of somebody's microphone. The recording itself goes before.
    async fn add(&mut self, piece: Box<Piece>) {
        if !self.voices.has_room() {
            return warn!("the store is away and the disk is full; some of a person's own file is lost");
        }
        let _ = self.voices.push(*piece).await;
    }
}

async fn drain(events: &mut mpsc::UnboundedReceiver<Event>, queues: &mut Queues) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Segment(segment) => drop(queues.segments.push(*segment).await),
            Event::Voice(piece) => queues.add(piece).await,
            Event::Finished | Event::Broken(_) => return,
            _ => {}
        }
    }
}

/// Whether the recorder is in the room, and anybody else.
struct Attendance {
    since: Instant,
    /// When the first picture of this section was taken.
    began: Option<DateTime<Utc>>,
    /// Whether the recorder was in the room once.
    joined: bool,
    /// Since when there is nothing to see and hear but black and silence.
    missing_since: Option<DateTime<Utc>>,
    empty_since: Option<Instant>,
    refused: bool,
}

impl Attendance {
    fn new(before: Option<DateTime<Utc>>) -> Self {
        Self {
            since: Instant::now(),
            began: None,
            joined: false,
            missing_since: before,
            empty_since: None,
            refused: false,
        }
    }

    fn apply(&mut self, event: Event, outside: &Outside, claim: &Claim, lost: &CancellationToken) {
        match event {
            Event::Began(at) => {
                self.began = Some(at);
                self.tell_start(outside, claim, lost, at);
            }
            Event::Joined(at) => {
                self.joined = true;
                self.refused = false;
                let visible = self.began.map_or(at, |began| began.max(at));
                self.tell_start(outside, claim, lost, visible);
            }
            Event::Outside(at, reason) => {
                match reason {
                    Lost::NoRoom => drop(self.empty_since.get_or_insert_with(Instant::now)),
                    Lost::Refused(_) => self.refused = true,
                    Lost::Left | Lost::Broken(_) => self.empty_since = None,
                }
                self.missing_since = self.missing_since.or(self.joined.then_some(at));
            }
            Event::People(0) => drop(self.empty_since.get_or_insert_with(Instant::now)),
            Event::People(_) => self.empty_since = None,
            Event::Segment(_) | Event::Voice(_) | Event::Broken(_) | Event::Finished => {}
        }
    }

    /// Once the recorder is in the room and the first picture is taken, the recording has begun; what was missing
    /// until then is a gap.
    fn tell_start(
        &mut self,
        outside: &Outside,
        claim: &Claim,
        lost: &CancellationToken,
        visible: DateTime<Utc>,
    ) {
        let (true, Some(began)) = (self.joined, self.began) else { return };
        let gap = self
            .missing_since
            .take()
            .map(|from| Gap { from, to: visible })
            .filter(|gap| gap.to - gap.from > GAP);
        let (ledger, claim, lost) = (outside.ledger.clone(), claim.clone(), lost.clone());
        tokio::spawn(async move {
            let noted = note(&lost, || ledger.started(&claim, began)).await;
            if let (Ok(()), Some(gap)) = (noted, gap) {
                info!(from = %gap.from, to = %gap.to, "something is missing in the recording");
                let _ = note(&lost, || ledger.add_gap(&claim, &gap)).await;
            }
        });
    }

    fn overdue(&self, now: Instant, empty_timeout: Duration) -> Option<End> {
        if self.empty_since.is_some_and(|since| now - since >= empty_timeout) {
            return Some(End::Over(StopReason::RoomEmpty));
        }
        let never_joined = !self.joined && self.missing_since.is_none() && self.empty_since.is_none();
        (never_joined && (self.refused || now - self.since >= START_TIMEOUT))
            .then_some(End::Failed(FailureCode::RoomUnreachable))
    }
}

async fn finish(
    outside: &Outside,
    claim: &Claim,
    lost: &CancellationToken,
    uploader: &mut Uploader,
) -> Result<(), LeaseLost> {
    // 1. Complete the file.
    let sent = uploader.complete().await?;
    // 2. Look at it.
    loop {
        match verify::check(&outside.vault, claim.file(), &sent).await {
            Ok(()) => break,
            Err(Unfit::Wrong(error)) => {
                error!(error = format!("{error:#}"), "the finished file is wrong");
                return fail(outside, claim, lost, FailureCode::VerificationFailed).await;
            }
            Err(Unfit::Unseen(error)) => {
                warn!(error = format!("{error:#}"), "the finished file cannot be looked at; trying again");
                time::sleep(HEARTBEAT).await;
            }
        }
    }
    // 3. Lock it and tell everybody.
    lock(outside, claim, lost).await?;
    let file = Finished { duration: sent.duration, size: sent.size, sha256: sent.sha256.clone() };
    note(lost, || outside.ledger.available(claim, &file, Some(sent.ended_at))).await?;
    info!(recording = %claim.id, seconds = file.duration, bytes = file.size, "the recording is available");
    // 4. Make pictures of it, and files of what people said. The recording is no longer ours, so whatever ends this work
    //    must not end that; files that stay in pieces are joined by whoever cleans up.
    let (vault, ledger, claim) = (outside.vault.clone(), outside.ledger.clone(), claim.clone());
    tokio::spawn(async move {
        if claim.voices
            && let Err(error) = tracks::join(&vault, &ledger, Some(claim.id)).await
        {
            warn!(recording = %claim.id, error = format!("{error:#}"), "people's files are not joined yet");
        }
        match stills::make(&vault, &claim, &sent).await {
            Ok(()) => info!(recording = %claim.id, "stills made"),
            Err(error) => warn!(recording = %claim.id, error = format!("{error:#}"), "no stills were made"),
        }
    });
    Ok(())
}

/// Has the store refuse to delete the file for a while, where that is wanted. A store that cannot do so has it all the
/// same; `doctor` tells of such a store.
pub(crate) async fn lock(
    outside: &Outside,
    claim: &Claim,
    lost: &CancellationToken,
) -> Result<(), LeaseLost> {
    let Some(until) = outside.vault.lock_until(outside.clock.now()) else { return Ok(()) };
    match outside.vault.lock(claim.file(), until).await {
        Ok(()) => note(lost, || outside.ledger.locked(claim, until)).await,
        Err(error) => {
            error!(recording = %claim.id, error = format!("{error:#}"), "the store does not lock the file");
            Ok(())
        }
    }
}

async fn fail(
    outside: &Outside,
    claim: &Claim,
    lost: &CancellationToken,
    code: FailureCode,
) -> Result<(), LeaseLost> {
    error!(recording = %claim.id, code = code.as_str(), "{}", code.sentence());
    let now = outside.clock.now();
    note(lost, || outside.ledger.failed(claim, code, code.sentence(), now)).await
}

/// Writes to the ledger, or asks it, and waits for it when it is away.
pub(crate) async fn note<F, T>(lost: &CancellationToken, write: impl Fn() -> F) -> Result<T, LeaseLost>
where
    F: Future<Output = Result<T, LedgerError>>,
{
    loop {
        match write().await {
            Ok(noted) => return Ok(noted),
            Err(LedgerError::LeaseLost) => return Err(LeaseLost),
            Err(LedgerError::Database(error)) => warn!(%error, "the ledger is away; trying again"),
        }
        tokio::select! {
            () = lost.cancelled() => return Err(LeaseLost),
            () = time::sleep(HEARTBEAT) => {}
        }
    }
}

fn token(outside: &Outside, claim: &Claim) -> crate::engine::Token {
    let (keys, clock, room) = (outside.livekit_keys.clone(), outside.clock.clone(), claim.room_name.clone());
    let identity = identity(claim.id);
    Box::new(move || {
        let who = Identity { identity: &identity, name: "", metadata: "" };
        let grant = VideoGrant {
            room_join: true,
            room: room.clone(),
            can_subscribe: true,
            hidden: true,
            recorder: true,
            ..VideoGrant::default()
        };
        Ok(keys.sign(who, grant, clock.now(), TOKEN_TTL)?)
    })
}

/// The recorder's name in the room.
pub fn identity(id: RecordingId) -> String {
    format!("recorder:{id}")
}
