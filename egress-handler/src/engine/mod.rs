//! The native engine: joins a room, mixes what is published there and gives it back as segments of a file.
//!
//! It runs from the first moment, whether or not the room can be reached: what is not there is black and silent, and
//! the connection is tried again until it works.

mod letters;
pub mod livekit_egress;
mod mixer;
mod paint;
mod room;
mod segmenter;
mod tiles;
mod voices;

use std::{mem, sync::Arc, time::Duration};

use anyhow::Result;
use chrono::{DateTime, Utc};
use kernel::{clock::Clock, recording::Layout};
use tokio::{
    sync::{mpsc, watch},
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::mp4::{Codecs, Index};
pub use mixer::{ELEMENTS, FRAME_RATE, SAMPLE_RATE};
use mixer::{Frame, Kind, Mixer, Output};
pub use paint::shrink;
pub use room::Lost;
use room::RoomEvent;
pub use segmenter::SEGMENT;
use segmenter::{Sample, Segmenter};
use voices::Voices;
pub use voices::{Piece, Voice};

/// Shortest and longest pause between two tries to join a room.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// How long the encoders may take to give out what they hold.
const DRAIN: Duration = Duration::from_secs(3);
/// How long after a pause began sound of before may still come.
const STRAGGLERS: Duration = Duration::from_millis(1500);
/// How long the desk may give nothing. It plays for an empty room, too, so silence means that it stands still.
const STALL: Duration = Duration::from_secs(5);

/// A token for the room; signed anew for every try to join.
pub type Token = Box<dyn Fn() -> Result<String> + Send + Sync>;

/// What is to be recorded.
pub struct Wish {
    /// The media server.
    pub url: String,
    /// Makes a token for the room.
    pub token: Token,
    /// Sound without pictures.
    pub audio_only: bool,
    /// How the picture is composed.
    pub layout: Layout,
    /// Each person's microphone as a file of its own, too.
    pub voices: bool,
}

/// What the engine says.
#[derive(Debug)]
pub enum Event {
    /// The first picture was taken then.
    Began(DateTime<Utc>),
    /// The recorder is in the room, since then.
    Joined(DateTime<Utc>),
    /// The recorder is not in the room, since then.
    Outside(DateTime<Utc>, Lost),
    /// So many people are in the room.
    People(usize),
    /// A piece of the file.
    Segment(Box<Segment>),
    /// A piece of a person's file.
    Voice(Box<Piece>),
    /// The engine cannot go on.
    Broken(String),
    /// All is given.
    Finished,
}

/// A piece of the file.
#[derive(Debug)]
pub struct Segment {
    /// When its first picture was taken.
    pub started_at: DateTime<Utc>,
    /// How long it lasts.
    pub lasts: Duration,
    /// Where its samples are.
    pub index: Index,
    /// How its samples are decoded.
    pub codecs: Codecs,
    /// The box that goes into the file.
    pub bytes: Vec<u8>,
}

/// A running recording of a room.
pub struct Engine {
    finish: CancellationToken,
    paused: watch::Sender<bool>,
}

impl Engine {
    /// Starts to record.
    ///
    /// # Errors
    /// When the pipeline cannot be built or started.
    pub fn start(wish: Wish, clock: Clock) -> Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let (mixer, outputs) = tokio::task::block_in_place(|| Mixer::start(wish.audio_only, wish.voices))?;
        let (events, receiver) = mpsc::unbounded_channel();
        let finish = CancellationToken::new();
        let (paused, pauses) = watch::channel(false);
        tokio::spawn(run(Arc::new(mixer), outputs, wish, clock, events, finish.clone(), pauses));
        Ok((Self { finish, paused }, receiver))
    }

    /// Leaves out what happens from now on, or takes it again. The engine stays in the room meanwhile.
    pub fn pause(&self, paused: bool) {
        self.paused.send_if_modified(|before| mem::replace(before, paused) != paused);
    }

    /// Ends the recording; the last segments and [`Event::Finished`] follow.
    pub fn finish(&self) {
        self.finish.cancel();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.finish.cancel();
    }
}

async fn run(
    mixer: Arc<Mixer>,
    mut outputs: mpsc::UnboundedReceiver<Output>,
    wish: Wish,
    clock: Clock,
    events: mpsc::UnboundedSender<Event>,
    finish: CancellationToken,
    mut pauses: watch::Receiver<bool>,
) {
    let leave = CancellationToken::new();
    let mut section = Section::new(wish.audio_only, clock.clone());
    let attending =
        tokio::spawn(stay_in_room(Arc::clone(&mixer), wish, clock, events.clone(), leave.clone()));

    let mut alive = time::Instant::now();
    let end = loop {
        tokio::select! {
            () = finish.cancelled() => break None,
            Ok(()) = pauses.changed() => {
                let now = mixer.running_time();
                if *pauses.borrow_and_update() {
                    section.pause(now);
                } else {
                    section.go_on(now);
                    mixer.start_anew(now);
                }
            }
            () = time::sleep_until(alive + STALL) => break Some("the mixer stands still".to_owned()),
            output = outputs.recv() => match output {
                Some(Output::Frame(frame)) => {
                    if frame.kind == section.measure {
                        alive = time::Instant::now();
                    }
                    section.push(&frame, &mixer).into_iter().for_each(|event| drop(events.send(event)));
                    if let Some(at) = section.began() {
                        let _ = events.send(Event::Began(at));
                    }
                }
                Some(Output::Heard(heard)) => section.voices.hear(heard),
                Some(Output::Broken(reason)) => break Some(reason),
                None => break Some("the pipeline ended by itself".to_owned()),
            },
        }
    };
    if end.is_none() {
        // What happens now comes out when the mixers and encoders have dealt with it.
        let now = mixer.running_time();
        // Sound comes later than pictures.
        let mut awaited = section.kinds().to_vec();
        let drained = time::timeout(DRAIN, async {
            while !awaited.is_empty() {
                match outputs.recv().await {
                    Some(Output::Frame(frame)) if frame.at >= now => {
                        awaited.retain(|kind| *kind != frame.kind);
                    }
                    Some(Output::Frame(frame)) => {
                        section.push(&frame, &mixer).into_iter().for_each(|event| drop(events.send(event)));
                    }
                    Some(Output::Heard(heard)) => section.voices.hear(heard),
                    Some(Output::Broken(_)) | None => break,
                }
            }
        });
        if drained.await.is_err() {
            warn!("the encoders are behind; the last moment is missing");
        }
    }
    section.finish().into_iter().for_each(|event| drop(events.send(event)));
    let _ = events.send(end.map_or(Event::Finished, Event::Broken));
    leave.cancel();
    let _ = attending.await;
    // The pipeline is stopped by its last owner, which must not be a task.
    let _ = tokio::task::spawn_blocking(move || drop(mixer)).await;
}

/// Joins the room, again and again.
async fn stay_in_room(
    mixer: Arc<Mixer>,
    wish: Wish,
    clock: Clock,
    events: mpsc::UnboundedSender<Event>,
    leave: CancellationToken,
) {
    let mut pause = BACKOFF.0;
    while !leave.is_cancelled() {
        let (happened, mut happening) = mpsc::unbounded_channel();
        let lost = match (wish.token)() {
            Err(error) => Lost::Refused(error.to_string()),
            Ok(token) => {
                let attend = room::attend(&mixer, wish.layout, &wish.url, &token, &happened, &leave);
                tokio::pin!(attend);
                loop {
                    tokio::select! {
                        lost = &mut attend => break lost,
                        Some(event) = happening.recv() => {
                            let _ = events.send(match event {
                                RoomEvent::Joined => {
                                    pause = BACKOFF.0;
                                    Event::Joined(clock.now())
                                }
                                RoomEvent::People(count) => Event::People(count),
                            });
                        }
                    }
                }
            }
        };
        if leave.is_cancelled() {
            break;
        }
        warn!(reason = %lost, "the recorder is not in the room");
        let _ = events.send(Event::Outside(clock.now(), lost));
        tokio::select! {
            () = leave.cancelled() => break,
            () = time::sleep(pause) => pause = (pause * 2).min(BACKOFF.1),
        }
    }
}

/// From frames to segments with the times of the day.
struct Section {
    /// The track by which its length is measured.
    measure: Kind,
    segmenter: Segmenter,
    clock: Clock,
    codecs: Codecs,
    /// When the pipeline's time was zero.
    zero: Option<DateTime<Utc>>,
    /// When the first picture came, whether or not it was kept.
    first: Option<gst::ClockTime>,
    told: bool,
    pause: Option<Pause>,
    voices: Voices,
    /// Up to where frames of the measuring track came.
    reached: Duration,
}

/// A stretch of time that is left out.
struct Pause {
    from: gst::ClockTime,
    /// When it was ended. It lasts until decoding can start, which is a little later.
    to: Option<gst::ClockTime>,
    /// What was before it is given.
    closed: bool,
    /// Sound that may belong to what follows.
    held: Vec<Sample>,
}

impl Section {
    fn new(audio_only: bool, clock: Clock) -> Self {
        let measure = if audio_only { Kind::Audio } else { Kind::Video };
        Self {
            measure,
            segmenter: Segmenter::new(measure),
            clock,
            codecs: Codecs::default(),
            zero: None,
            first: None,
            told: false,
            pause: None,
            voices: Voices::default(),
            reached: Duration::ZERO,
        }
    }

    /// Leaves out what happened at `from` and later.
    fn pause(&mut self, from: gst::ClockTime) {
        match &mut self.pause {
            // The last pause has not ended yet.
            Some(pause) => {
                pause.to = None;
                pause.held.clear();
            }
            None => self.pause = Some(Pause { from, to: None, closed: false, held: Vec::new() }),
        }
    }

    /// Takes what happens at `to` and later.
    fn go_on(&mut self, to: gst::ClockTime) {
        if let Some(pause) = &mut self.pause {
            pause.to = Some(to);
        }
    }

    /// What the recording is made of.
    fn kinds(&self) -> &'static [Kind] {
        match self.measure {
            Kind::Video => &[Kind::Video, Kind::Audio],
            Kind::Audio => &[Kind::Audio],
        }
    }

    fn push(&mut self, frame: &Frame, mixer: &Mixer) -> Vec<Event> {
        if self.zero.is_none() {
            self.zero = Some(self.clock.now() - Duration::from(mixer.running_time()));
        }
        let mut pieces = Vec::new();
        if frame.kind == self.measure {
            self.first.get_or_insert(frame.at);
            self.reached = frame.at.into();
            // Before the frame, because it may end a pause.
            pieces = self.write_voices(frame.at.into());
        }
        let codec = match frame.kind {
            Kind::Video => &mut self.codecs.video,
            Kind::Audio => &mut self.codecs.audio,
        };
        codec.get_or_insert_with(|| hex::encode(&frame.config));
        let Ok(map) = frame.data.map_readable() else { return pieces };
        let mut bytes = Vec::with_capacity(map.len() + 64);
        if frame.kind == Kind::Video && frame.key {
            bytes.extend(parameter_sets(&frame.config));
        }
        bytes.extend_from_slice(&map);
        let sample = Sample {
            kind: frame.kind,
            at: frame.at.into(),
            lasts: frame.duration.into(),
            key: frame.key,
            bytes,
        };
        let segments = self.through_pause(frame.at, sample);
        pieces.extend(segments.into_iter().filter_map(|segment| self.dated(segment)));
        pieces
    }

    /// What everybody said until then, in their files.
    fn write_voices(&mut self, until: Duration) -> Vec<Event> {
        let pause = self.pause.as_ref().map(|pause| Duration::from(pause.from));
        let place = |at| {
            let recorded = pause.is_none_or(|from| at < from);
            if recorded { self.segmenter.place(at) } else { None }
        };
        let pieces = self.voices.write(until, place);
        pieces.into_iter().map(|piece| Event::Voice(Box::new(piece))).collect()
    }

    /// Gives a sample on to the segmenter, unless it falls into a pause.
    fn through_pause(&mut self, at: gst::ClockTime, sample: Sample) -> Vec<segmenter::Segment> {
        let Some(pause) = self.pause.as_mut().filter(|pause| at >= pause.from) else {
            return self.segmenter.push(sample).into_iter().collect();
        };
        let measures = sample.kind == self.measure;
        if pause.to.is_none_or(|to| at < to) {
            let close = measures && !pause.closed && Duration::from(at - pause.from) >= STRAGGLERS;
            pause.closed |= close;
            return if close { self.segmenter.finish().into_iter().collect() } else { Vec::new() };
        }
        if !measures {
            pause.held.push(sample);
            return Vec::new();
        }
        if !sample.key {
            return Vec::new();
        }
        let Some(Pause { closed, held, .. }) = self.pause.take() else { return Vec::new() };
        let mut segments = Vec::new();
        if !closed {
            segments.extend(self.segmenter.finish());
        }
        self.segmenter.go_on(sample.at);
        for sample in std::iter::once(sample).chain(held) {
            segments.extend(self.segmenter.push(sample));
        }
        segments
    }

    /// When the first picture was taken, should it be within a pause, too; said once.
    fn began(&mut self) -> Option<DateTime<Utc>> {
        let origin = self.segmenter.origin();
        let at = self.zero? + origin.or(self.first.filter(|_| self.pause.is_some()).map(Duration::from))?;
        (!mem::replace(&mut self.told, true)).then_some(at)
    }

    fn finish(&mut self) -> Vec<Event> {
        let mut events = self.write_voices(self.reached);
        events.extend(self.voices.finish().into_iter().map(|piece| Event::Voice(Box::new(piece))));
        let segment = self.segmenter.finish();
        events.extend(segment.and_then(|segment| self.dated(segment)));
        events
    }

    fn dated(&self, segment: segmenter::Segment) -> Option<Event> {
        Some(Event::Segment(Box::new(Segment {
            started_at: self.zero? + segment.at,
            lasts: segment.lasts,
            index: segment.index,
            codecs: self.codecs.clone(),
            bytes: segment.bytes,
        })))
    }
}

/// The parameter sets of an `avcC` box as they stand in a sample. They go before every picture that decoding may start
/// at, so that sections of different encoders play in one file.
fn parameter_sets(avcc: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = avcc.get(5..).unwrap_or_default();
    for mask in [0x1f, 0xff] {
        let Some((count, sets)) = rest.split_first() else { break };
        rest = sets;
        for _ in 0..count & mask {
            let Some((length, tail)) = rest.split_first_chunk::<2>() else { return out };
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((set, tail)) = tail.split_at_checked(length) else { return out };
            out.extend(u32::try_from(length).unwrap_or(0).to_be_bytes());
            out.extend_from_slice(set);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_are_taken_out_of_their_box() {
        let avcc = [1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 2, 0x67, 0x64, 1, 0, 1, 0x68];
        assert_eq!(parameter_sets(&avcc), [0, 0, 0, 2, 0x67, 0x64, 0, 0, 0, 1, 0x68]);
        assert!(parameter_sets(&avcc[..7]).is_empty());
        assert!(parameter_sets(&[]).is_empty());
    }
}
