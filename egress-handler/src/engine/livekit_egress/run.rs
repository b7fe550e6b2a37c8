//! Conducts one egress: finds or starts it, follows it to its end, looks at the file.

use std::time::{Duration, Instant};

use kernel::{
    egress::{Stage, Told},
    recording::{FailureCode, Status, StopReason},
};
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    client::{Order, Trouble},
    film::{self, Film},
    rules::{self, Failure, Watch},
};
use crate::{
    ledger::{Claim, Finished, MAX_ATTEMPTS, Orders},
    record::{Outside, note},
    stills,
    upload::{LeaseLost, Sent},
    verify::Unfit,
};

/// How often the service is asked how far it is.
const POLL: Duration = Duration::from_secs(3);
/// How long after a start without an answer it is looked whether it had an effect.
const SETTLE: Duration = Duration::from_secs(10);
/// How long a room may be missing to LiveKit before it is said not to be there.
const NO_ROOM: Duration = Duration::from_secs(20);
/// How long the vault is asked again for a file of which the service says that it is stored.
const STORED: Duration = Duration::from_secs(5);
/// How long is waited between two looks at a file that cannot be looked at.
const REST: Duration = Duration::from_secs(1);

/// What came of looking for an egress.
enum Begun {
    Runs(Told),
    Failed(Failure),
    HandOver,
}

/// How following it ended.
enum End {
    /// The service has ended, for this reason.
    Over(Told, StopReason),
    Failed(Failure),
    HandOver,
}

/// Works on a recording that the LiveKit Egress service makes, as long as it is ours.
pub async fn conduct(
    outside: &Outside,
    claim: &Claim,
    orders: watch::Receiver<Orders>,
    lost: &CancellationToken,
) -> Result<(), LeaseLost> {
    let mut work = Work { outside, claim, orders, lost, path: claim.file().path() };
    // 1. The egress: the one that is known, one that the service has already, or a new one.
    let told = match work.begin().await? {
        Begun::Runs(told) => told,
        Begun::Failed(failure) => return work.fail(failure).await,
        Begun::HandOver => return work.release().await,
    };
    info!(recording = %claim.id, egress = told.egress_id, stage = ?told.stage, "the recording service records");
    // 2. To its end.
    match work.follow(told).await? {
        End::Over(told, reason) => work.finish(&told, reason).await,
        End::Failed(failure) => work.fail(failure).await,
        End::HandOver => work.release().await,
    }
}

struct Work<'a> {
    outside: &'a Outside,
    claim: &'a Claim,
    orders: watch::Receiver<Orders>,
    lost: &'a CancellationToken,
    path: String,
}

impl Work<'_> {
    // Begin -------------------------------------------------------------------------------------------------------

    async fn begin(&mut self) -> Result<Begun, LeaseLost> {
        if let Some(told) = note(self.lost, || self.outside.ledger.egress(self.claim)).await? {
            return Ok(Begun::Runs(told));
        }
        let service = &self.outside.service;
        let since = Instant::now();
        let mut unclear_since = None::<Instant>;
        loop {
            // A start whose answer nobody heard, here or in a handler that died, has made an egress all the same.
            let trouble = match service.list(&self.claim.room_name).await {
                Ok(all) => {
                    if let Some(told) = rules::ours(&all, &self.path) {
                        return self.keep(told).await.map(Begun::Runs);
                    }
                    if self.orders.borrow().stop.is_some() || self.claim.status == Status::Finalizing {
                        return Ok(Begun::Failed(Failure::plain(FailureCode::NothingRecorded)));
                    }
                    if self.claim.attempt > MAX_ATTEMPTS {
                        return Ok(Begun::Failed(Failure::plain(FailureCode::TooManyAttempts)));
                    }
                    if unclear_since.is_some_and(|since| since.elapsed() < SETTLE) {
                        None
                    } else {
                        let order = Order {
                            room: &self.claim.room_name,
                            path: self.path.clone(),
                            layout: self.claim.layout,
                            audio_only: self.claim.audio_only,
                        };
                        let started = tokio::select! {
                            started = service.start(&order) => started,
                            () = self.outside.shutdown.cancelled() => return Ok(Begun::HandOver),
                        };
                        match started {
                            Ok(told) => return self.keep(told).await.map(Begun::Runs),
                            Err(trouble) => Some(trouble),
                        }
                    }
                }
                Err(trouble) => Some(trouble),
            };
            if let Some(trouble) = trouble {
                warn!(recording = %self.claim.id, %trouble, "the recording service has not begun");
                if let Some(failure) = self.given_up(&trouble, since.elapsed()) {
                    return Ok(Begun::Failed(failure));
                }
                unclear_since = matches!(trouble, Trouble::Unclear(_)).then(Instant::now);
            }
            if self.pause(POLL).await? {
                return Ok(Begun::HandOver);
            }
        }
    }

    /// Why it is not tried again, after so long.
    fn given_up(&self, trouble: &Trouble, after: Duration) -> Option<Failure> {
        use FailureCode::{EngineFailed, NoRecorder, RoomUnreachable};
        let patience = self.outside.service.patience;
        match trouble {
            Trouble::Refused(_) => {
                Some(Failure::new(EngineFailed, "The recording service does not take recordings from here."))
            }
            Trouble::Absent => (after >= NO_ROOM).then_some(Failure::plain(RoomUnreachable)),
            Trouble::Busy => (after >= patience)
                .then_some(Failure::new(NoRecorder, "The recording service had no recorder free.")),
            Trouble::Away(_) | Trouble::Unclear(_) => (after >= patience)
                .then_some(Failure::new(NoRecorder, "The recording service did not answer.")),
        }
    }

    // Follow ------------------------------------------------------------------------------------------------------

    async fn follow(&mut self, mut told: Told) -> Result<End, LeaseLost> {
        let service = &self.outside.service;
        let mut watch = Watch::default();
        let mut reason = None;
        let mut looked = None::<Instant>;
        let mut asked = None::<Instant>;
        let mut shown = Stage::Starting;
        loop {
            // 1. How far it is.
            if looked.is_none_or(|at| at.elapsed() >= POLL) {
                told = self.look(told, &mut watch).await?;
                looked = Some(Instant::now());
            }
            if told.stage != shown {
                self.show(&told, reason).await?;
                shown = told.stage;
            }
            if told.stage.is_final() {
                let reason = reason.unwrap_or(rules::own_end(told.stage));
                return Ok(End::Over(told, reason));
            }
            // 2. Whether it is to end.
            let now = Instant::now();
            let too_often = self.claim.attempt > MAX_ATTEMPTS;
            let empty = watch.is_empty(self.outside.empty_timeout, now).then_some(StopReason::RoomEmpty);
            reason = reason.or(self.orders.borrow().stop).or(empty).or(too_often.then_some(StopReason::Host));
            let runs = matches!(told.stage, Stage::Starting | Stage::Active);
            if reason.is_some() && runs && asked.is_none_or(|at| at.elapsed() >= POLL) {
                asked = Some(now);
                match service.stop(&told.egress_id).await {
                    Ok(Some(said)) => {
                        told = self.keep(said).await?;
                        continue;
                    }
                    Ok(None) => {}
                    Err(trouble) => {
                        warn!(recording = %self.claim.id, %trouble, "the recording service does not stop yet");
                    }
                }
            }
            // 3. Whether anybody is there who could end it.
            if watch.is_lost(told.stage, service.lost_after, now) {
                // Should it live after all, it must not go on.
                let _ = service.stop(&told.egress_id).await;
                return Ok(End::Failed(Failure::plain(FailureCode::RecorderLost)));
            }
            // 4. Until a webhook, an order or the clock.
            tokio::select! {
                () = self.outside.shutdown.cancelled() => return Ok(End::HandOver),
                changed = self.orders.changed() => if changed.is_err() { return Err(LeaseLost) },
                () = self.outside.wake.notified() => {
                    let known = note(self.lost, || self.outside.ledger.egress(self.claim)).await?;
                    told = match known {
                        Some(known) => told.and(known),
                        None => told,
                    };
                }
                () = time::sleep(POLL.saturating_sub(looked.map_or(POLL, |at| at.elapsed()))) => {}
            }
        }
    }

    /// Asks the service and the room. Whoever does not answer has said nothing.
    async fn look(&self, told: Told, watch: &mut Watch) -> Result<Told, LeaseLost> {
        let service = &self.outside.service;
        let all = match service.list(&self.claim.room_name).await {
            Ok(all) => all,
            Err(trouble) => {
                warn!(recording = %self.claim.id, %trouble, "the recording service does not say how far it is");
                return Ok(told);
            }
        };
        for double in rules::doubles(&all, &told) {
            warn!(recording = %self.claim.id, egress = double, "one egress too many is stopped");
            if let Err(trouble) = service.stop(double).await {
                warn!(egress = double, %trouble, "it does not stop yet");
            }
        }
        let listed = all.into_iter().find(|one| one.egress_id == told.egress_id);
        if let Ok(room) = service.room(&self.claim.room_name, &told.egress_id).await {
            watch.saw(room, listed.is_some(), Instant::now());
        }
        match listed {
            Some(said) if said != told => self.keep(said).await,
            _ => Ok(told),
        }
    }

    /// Notes what the service said; gives what is known now.
    async fn keep(&self, said: Told) -> Result<Told, LeaseLost> {
        note(self.lost, || self.outside.ledger.tell(self.claim, &said)).await
    }

    /// Shows people how far it is.
    async fn show(&self, told: &Told, reason: Option<StopReason>) -> Result<(), LeaseLost> {
        let ledger = &self.outside.ledger;
        let ended = matches!(told.stage, Stage::Ending) || told.stage.is_final() && told.file.size > 0;
        if let Some(began_at) = told.began_at().filter(|_| ended || told.stage == Stage::Active) {
            note(self.lost, || ledger.started(self.claim, began_at)).await?;
        }
        if ended {
            let at = told.ended_at.or(told.file.ended_at).unwrap_or_else(|| self.outside.clock.now());
            let reason = reason.unwrap_or(rules::own_end(told.stage));
            note(self.lost, || ledger.ended(self.claim, reason, at)).await?;
        }
        Ok(())
    }

    // End ---------------------------------------------------------------------------------------------------------

    async fn finish(&self, told: &Told, reason: StopReason) -> Result<(), LeaseLost> {
        // 1. A file, whatever the service says: a recording that ended early is one, too.
        let Some(size) = self.stored(told).await else {
            warn!(recording = %self.claim.id, stage = ?told.stage, error = told.error, details = told.details, "nothing is stored");
            return self.fail(rules::failure(told)).await;
        };
        let (outside, claim) = (self.outside, self.claim);
        let ended_at = told.file.ended_at.or(told.ended_at);
        note(self.lost, || {
            outside.ledger.ended(claim, reason, ended_at.unwrap_or_else(|| outside.clock.now()))
        })
        .await?;
        // 2. Look at it.
        let film = match self.read(size).await {
            Ok(film) => film,
            Err(error) => {
                error!(recording = %claim.id, error = format!("{error:#}"), "the service's file is wrong");
                return self.fail(Failure::plain(FailureCode::VerificationFailed)).await;
            }
        };
        // 3. Lock it and tell everybody.
        crate::record::lock(outside, claim, self.lost).await?;
        let Film { sha256, index } = film;
        let file = Finished { duration: index.seconds, size, sha256: sha256.clone() };
        note(self.lost, || outside.ledger.available(claim, &file, ended_at)).await?;
        info!(recording = %claim.id, seconds = file.duration, bytes = size, "the recording is available");
        // 4. Make pictures of it.
        let sent = Sent {
            duration: index.seconds,
            size,
            sha256,
            tail: bytes::Bytes::new(),
            segments: index.pictures,
            codecs: index.codecs,
            ended_at: ended_at.unwrap_or_else(|| outside.clock.now()),
        };
        let (vault, claim) = (outside.vault.clone(), claim.clone());
        tokio::spawn(async move {
            match stills::make(&vault, &claim, &sent).await {
                Ok(()) => info!(recording = %claim.id, "stills made"),
                Err(error) => {
                    warn!(recording = %claim.id, error = format!("{error:#}"), "no stills were made");
                }
            }
        });
        Ok(())
    }

    /// How large the file in the vault is, when it is the one that the service tells of: an egress too many may have left
    /// another under the same name.
    async fn stored(&self, told: &Told) -> Option<u64> {
        if told.stage != Stage::Complete && told.file.size == 0 {
            return None;
        }
        let since = Instant::now();
        loop {
            match self.outside.vault.size(self.claim.file()).await {
                Ok(Some(size)) if size > 0 && [0, size].contains(&told.file.size) => return Some(size),
                Ok(_) if since.elapsed() >= STORED => return None,
                Ok(_) => {}
                Err(error) => warn!(error = format!("{error:#}"), "the vault is away; trying again"),
            }
            time::sleep(REST).await;
        }
    }

    /// Reads the file; tries again as long as the vault is away.
    async fn read(&self, size: u64) -> anyhow::Result<Film> {
        loop {
            match film::read(&self.outside.vault, self.claim.file(), size, self.claim.audio_only).await {
                Ok(film) => return Ok(film),
                Err(Unfit::Wrong(error)) => return Err(error),
                Err(Unfit::Unseen(error)) => {
                    warn!(
                        error = format!("{error:#}"),
                        "the service's file cannot be looked at; trying again"
                    );
                    time::sleep(REST).await;
                }
            }
        }
    }

    async fn fail(&self, failure: Failure) -> Result<(), LeaseLost> {
        let Failure { code, detail } = failure;
        error!(recording = %self.claim.id, code = code.as_str(), "{detail}");
        let now = self.outside.clock.now();
        note(self.lost, || self.outside.ledger.failed(self.claim, code, detail, now)).await
    }

    async fn release(&self) -> Result<(), LeaseLost> {
        note(self.lost, || self.outside.ledger.release(self.claim, 0.0)).await
    }

    /// Waits, but not when there is an order; tells whether the handler is to stop.
    async fn pause(&mut self, time: Duration) -> Result<bool, LeaseLost> {
        tokio::select! {
            () = self.outside.shutdown.cancelled() => Ok(true),
            changed = self.orders.changed() => changed.map(|()| false).map_err(|_| LeaseLost),
            () = time::sleep(time) => Ok(false),
        }
    }
}
