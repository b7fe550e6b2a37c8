//! The mixing desk: a pipeline that always runs, with black and silence for an empty room, into which the tracks of
//! people are patched and out of which come encoded pictures and sound.
//!
//! ```text
//! black ──┐
//! track ──┤ compositor ─ I420, names painted on it ─ x264enc ─ h264parse ─ appsink
//! silence ┐
//! track ──┤ audiomixer ─ avenc_aac ─ aacparse ─ appsink
//! ```
//! The picture stays in I420 from decoder to encoder: without that every frame is converted twice, at more than twice
//! the cost. Tracks bring their own latency, so the mixers plan for it from the start: when a track with more latency
//! than planned came in, the clock of the whole recording would have to move.
//!
//! A mixer that has something of every line does not wait for its latency, and the jitter buffer keeps the first packets
//! of a new line back for as long as packets may come late, but no later ones: when they come, the mixer would be past
//! them. So the desk's own silence comes late to the sound's mixer, and keeps it behind by more than that.
//!
//! The desk's own black is small: the mixer keeps a second of it, and paints the rest of the picture black by itself.
//!
//! What the room shows is known at once, but mixed only when that latency is over. So a change of the room waits for the
//! mixers to come to the moment at which it happened: who mutes after a last word is heard to the end of it.
//!
//! Sound goes before pictures: on a machine that cannot do both in time, pictures are left out before the encoder, and
//! none are composed that would come too late anyway.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use anyhow::{Context, Result};
use gst::prelude::*;
use tokio::sync::{Notify, mpsc};
use tracing::{debug, warn};

use super::{
    paint::{self, Paint},
    voices::{Heard, Packet, Voice},
};
use crate::layout::{HEIGHT, Rect, WIDTH};

/// Frames per second of a recording.
pub const FRAME_RATE: u32 = 25;
/// Sampling rate of a recording's sound.
pub const SAMPLE_RATE: u32 = 48_000;
/// What packets may come late by, in milliseconds. They wait encoded, which costs no memory worth a word.
pub const JITTER: u32 = 400;
/// What tracks may come late by, in nanoseconds: the jitter buffer's time and as much again for decoding on a busy machine.
const PLANNED_LATENCY: u64 = 800_000_000;
/// What the sound's mixer is behind the room by, in nanoseconds: the jitter buffer's time, and half as much again to put a
/// new line in.
const BEHIND: u64 = 600_000_000;
/// A picture that is composed later than this is too late, in nanoseconds: those that follow are left out until the desk
/// is on time again.
const TOO_LATE: u64 = PLANNED_LATENCY + 700_000_000;
/// After so many frames a line's picture is what the mixer shows: one is with it, and one waits.
const FRAMES_UNTIL_SEEN: u32 = 3;

/// The elements without which the mixer and the room connection cannot work.
pub const ELEMENTS: &[&str] = &[
    "appsink",
    "appsrc",
    "audioconvert",
    "audiomixer",
    "audioresample",
    "audiotestsrc",
    "avdec_h264",
    "avenc_aac",
    "aacparse",
    "capsfilter",
    "capssetter",
    "compositor",
    "dtlsdec",
    "h264parse",
    "identity",
    "jpegenc",
    "nicesrc",
    "opusdec",
    "queue",
    "rsvgdec",
    "rtpbin",
    "rtph264depay",
    "rtpopusdepay",
    "rtpvp8depay",
    "rtpvp9depay",
    "sctpdec",
    "srtpdec",
    "videotestsrc",
    "vp8dec",
    "vp9dec",
    "webrtcbin",
    "x264enc",
];

/// Picture or sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
}

/// One encoded picture or block of sound.
pub struct Frame {
    /// Which of the two.
    pub kind: Kind,
    /// Time since the pipeline started to play.
    pub at: gst::ClockTime,
    /// How long it lasts.
    pub duration: gst::ClockTime,
    /// Decoding may start here.
    pub key: bool,
    /// The encoded bytes.
    pub data: gst::Buffer,
    /// The decoder's configuration: `avcC` for pictures, `AudioSpecificConfig` for sound.
    pub config: Arc<[u8]>,
}

/// What the mixer says.
pub enum Output {
    /// A frame is ready.
    Frame(Frame),
    /// Somebody is heard, before it is mixed.
    Heard(Heard),
    /// The pipeline broke.
    Broken(String),
}

/// The codecs that are decoded, as an offer names them; the one that costs least comes first.
pub const CODECS: [&str; 4] = ["VP8", "H264", "VP9", "OPUS"];

/// Cameras tell nothing of their colors, and are of this kind. Decoders guess it from the size of the picture, and then
/// it would be converted, at great cost and wrongly.
macro_rules! same_colors {
    () => {
        " ! capssetter caps=video/x-raw,colorimetry=bt601,chroma-site=mpeg2"
    };
}
/// The same, of the whole picture.
const COLORS: &str = "colorimetry=bt601,chroma-site=mpeg2";

/// What makes a stream of packets into pictures or sound.
fn decoder(codec: &str) -> Option<&'static str> {
    Some(match codec {
        "VP8" => concat!("rtpvp8depay request-keyframe=true wait-for-keyframe=true ! vp8dec", same_colors!()),
        "VP9" => concat!("rtpvp9depay request-keyframe=true wait-for-keyframe=true ! vp9dec", same_colors!()),
        // More threads would give each picture out later.
        "H264" => concat!(
            "rtph264depay request-keyframe=true wait-for-keyframe=true ! h264parse ! avdec_h264 max-threads=1",
            same_colors!()
        ),
        "OPUS" => {
            "rtpopusdepay name=packets ! opusdec use-inband-fec=true plc=true ! audioconvert ! audioresample"
        }
        _ => return None,
    })
}

/// The mixing desk.
pub struct Mixer {
    pipeline: gst::Pipeline,
    compositor: Option<gst::Element>,
    audiomixer: gst::Element,
    inputs: Mutex<HashMap<u32, Input>>,
    paints: Arc<Painting>,
    picture_cues: Arc<Cues>,
    sound_cues: Arc<Cues>,
    /// Told when the picture of a line can be shown.
    seen: Arc<Notify>,
    /// Who wants to hear people one by one.
    listener: Option<mpsc::UnboundedSender<Output>>,
}

/// What is painted now.
type Painting = Mutex<Arc<[Paint]>>;

/// A change, and when it happened.
type Cue = (gst::ClockTime, Box<dyn FnOnce() + Send>);

/// Changes that wait until a mixer comes to the moment at which they happened.
#[derive(Default)]
struct Cues(Mutex<VecDeque<Cue>>);

impl Cues {
    fn add(&self, at: gst::ClockTime, change: impl FnOnce() + Send + 'static) {
        self.lock().push_back((at, Box::new(change)));
    }

    /// Makes the changes for what comes after `buffer`.
    fn make(&self, buffer: &gst::BufferRef) {
        let Some(next) = buffer.pts().map(|at| at + buffer.duration().unwrap_or_default()) else { return };
        loop {
            let mut cues = self.lock();
            let Some((_, change)) = cues.pop_front_if(|(at, _)| *at <= next) else { return };
            drop(cues);
            change();
        }
    }

    fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Cue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the picture of a line belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// Its place.
    pub rect: Rect,
    /// Shown, and not only waited for.
    pub shown: bool,
}

/// A line of the room, patched into the desk.
struct Input {
    kind: Kind,
    bin: gst::Bin,
    entry: gst::Pad,
    mixer_pad: gst::Pad,
    /// Frames that came since this picture was wanted.
    frames: Arc<AtomicU32>,
    /// Packets that came.
    packets: Arc<AtomicU32>,
    /// Its picture has a place.
    wanted: bool,
    /// How many packets and frames there were when it was last looked.
    looked: (u32, u32),
}

impl Mixer {
    /// Sets up the desk and starts it. With `voices` it also gives what it hears, before that is mixed.
    pub fn start(audio_only: bool, voices: bool) -> Result<(Self, mpsc::UnboundedReceiver<Output>)> {
        let description = if audio_only { audio_desk() } else { video_desk() + &audio_desk() };
        let pipeline = gst::parse::launch(&description)
            .context("the mixer cannot be built")?
            .downcast::<gst::Pipeline>()
            .ok()
            .context("the mixer is not a pipeline")?;
        let compositor = pipeline.by_name("compositor");
        let audiomixer = pipeline.by_name("audiomixer").context("no audiomixer")?;
        let (outputs, receiver) = mpsc::unbounded_channel();
        collect(&pipeline, "sound", Kind::Audio, &outputs)?;
        for mixer in compositor.iter().chain([&audiomixer]) {
            ignore_the_silent(mixer)?;
        }
        let paints: Arc<Painting> = Arc::new(Mutex::new(Arc::new([])));
        let (picture_cues, sound_cues) = (Arc::<Cues>::default(), Arc::<Cues>::default());
        if let Some(compositor) = &compositor {
            collect(&pipeline, "pictures", Kind::Video, &outputs)?;
            finish_pictures(&pipeline, compositor, Arc::clone(&paints), Arc::clone(&picture_cues))?;
        }
        let cues = Arc::clone(&sound_cues);
        let exit = audiomixer.static_pad("src").context("the mixer has no exit")?;
        exit.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            if let Some(buffer) = info.buffer() {
                cues.make(buffer);
            }
            gst::PadProbeReturn::Ok
        });
        let listener = voices.then(|| outputs.clone());
        watch_bus(&pipeline, outputs);
        pipeline.set_state(gst::State::Playing).context("the mixer cannot start")?;
        let mixer = Self {
            pipeline,
            compositor,
            audiomixer,
            inputs: Mutex::default(),
            paints,
            picture_cues,
            sound_cues,
            seen: Arc::default(),
            listener,
        };
        Ok((mixer, receiver))
    }

    /// The pipeline, to put a source into.
    pub fn pipeline(&self) -> &gst::Pipeline {
        &self.pipeline
    }

    /// Time since the pipeline started to play.
    pub fn running_time(&self) -> gst::ClockTime {
        self.pipeline.current_running_time().unwrap_or_default()
    }

    /// Has the encoder begin anew with the first picture from `at` on, so that decoding can start there.
    pub fn start_anew(&self, at: gst::ClockTime) {
        let request = gst::Structure::builder("GstForceKeyUnit")
            .field("running-time", at)
            .field("all-headers", true)
            .field("count", 0u32)
            .build();
        if let Some(pad) = self.pipeline.by_name("encoder").and_then(|encoder| encoder.static_pad("src")) {
            pad.send_event(gst::event::CustomUpstream::new(request));
        }
    }

    /// Patches `pad`, which gives RTP, into the desk as `line`. A picture stays hidden until [`Self::arrange`].
    pub fn attach(&self, line: u32, kind: Kind, pad: &gst::Pad) -> Result<()> {
        let known =
            self.lock().get(&line).filter(|input| input.kind == kind).map(|input| input.entry.clone());
        if let Some(entry) = known {
            // A line that was stopped begins again.
            if let Some(before) = entry.peer() {
                before.unlink(&entry)?;
            }
            link(pad, &entry)?;
            return Ok(());
        }
        let (queue, mixer) = match (kind, &self.compositor) {
            (Kind::Video, Some(compositor)) => (
                // As much as the mixer plans to wait; with more, what is oldest comes too late.
                format!(
                    "queue max-size-buffers=0 max-size-bytes=0 max-size-time={PLANNED_LATENCY} leaky=downstream"
                ),
                compositor,
            ),
            (Kind::Audio, _) => (
                "queue max-size-buffers=0 max-size-bytes=0 max-size-time=2000000000 leaky=downstream"
                    .to_owned(),
                &self.audiomixer,
            ),
            (Kind::Video, None) => {
                let sink = gst::ElementFactory::make("fakesink")
                    .property("sync", false)
                    .property("async", false)
                    .name(format!("line-{line}"))
                    .build()?;
                self.pipeline.add(&sink)?;
                sink.sync_state_with_parent()?;
                pad.link(&sink.static_pad("sink").context("no entry")?)?;
                return Ok(());
            }
        };
        let tap = self.listener.clone().map(|listener| Tap { line, listener });
        let bin = line_of(line, &queue, tap)?;
        let sink = bin.static_pad("sink").context("the decoder has no entry")?;
        self.pipeline.add(&bin)?;
        let mixer_pad = mixer.request_pad_simple("sink_%u").context("the mixer gives no entry")?;
        let (frames, packets) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&packets);
        sink.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST, move |_, _| {
            counted.fetch_add(1, Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
        if kind == Kind::Video {
            mixer_pad.set_property("alpha", 0.0_f64);
            mixer_pad.set_property_from_str("sizing-policy", "keep-aspect-ratio");
            let (counted, seen) = (Arc::clone(&frames), Arc::clone(&self.seen));
            mixer_pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                if counted.fetch_add(1, Ordering::Relaxed) + 1 == FRAMES_UNTIL_SEEN {
                    seen.notify_one();
                }
                gst::PadProbeReturn::Ok
            });
        }
        bin.static_pad("src").context("the decoder has no exit")?.link(&mixer_pad)?;
        bin.sync_state_with_parent()?;
        link(pad, &sink)?;
        debug!(line, ?kind, "line patched in");
        self.lock().insert(
            line,
            Input { kind, bin, entry: sink, mixer_pad, frames, packets, wanted: false, looked: (0, 0) },
        );
        Ok(())
    }

    /// Told when the picture of another line can be shown.
    pub fn seen(&self) -> &Notify {
        &self.seen
    }

    /// Whether the mixer has a picture of this line that is not older than the wish for it.
    pub fn is_seen(&self, line: u32) -> bool {
        self.lock().get(&line).is_some_and(|input| input.frames.load(Ordering::Relaxed) >= FRAMES_UNTIL_SEEN)
    }

    /// Asks for a picture that decoding can start at where packets come but no frames do. Decoders ask once, when
    /// something is lost; while somebody's camera is muted nobody answers.
    pub fn urge(&self) {
        for (line, input) in self.lock().iter_mut().filter(|(_, input)| input.kind == Kind::Video) {
            let now = (input.packets.load(Ordering::Relaxed), input.frames.load(Ordering::Relaxed));
            let before = std::mem::replace(&mut input.looked, now);
            if input.wanted && now.0 != before.0 && now.1 == before.1 {
                debug!(line, "asking for a key frame");
                let request = gst::Structure::builder("GstForceKeyUnit").field("all-headers", true).build();
                input.entry.push_event(gst::event::CustomUpstream::new(request));
            }
        }
    }

    /// Takes what comes on this line from now on for another picture.
    pub fn expect_anew(&self, line: u32) {
        if let Some(input) = self.lock().get(&line) {
            input.frames.store(0, Ordering::Relaxed);
        }
    }

    /// From now on shows the pictures of these lines at these places, hides all others, and paints this over them.
    pub fn arrange(&self, places: &[Place], paints: Vec<Paint>) {
        if self.compositor.is_none() {
            return;
        }
        let mut pads = Vec::new();
        for (line, input) in self.lock().iter_mut().filter(|(_, input)| input.kind == Kind::Video) {
            let place = places.iter().find(|place| place.line == *line).copied();
            input.wanted = place.is_some();
            if !input.wanted {
                input.frames.store(0, Ordering::Relaxed);
            }
            pads.push((input.mixer_pad.clone(), place));
        }
        let current = Arc::clone(&self.paints);
        self.picture_cues.add(self.running_time(), move || {
            for (pad, place) in pads {
                if let Some(Place { rect, .. }) = place {
                    for (name, value) in
                        [("xpos", rect.x), ("ypos", rect.y), ("width", rect.width), ("height", rect.height)]
                    {
                        pad.set_property(name, i32::try_from(value).unwrap_or(0));
                    }
                }
                let shown = place.is_some_and(|place| place.shown);
                pad.set_property("alpha", if shown { 1.0_f64 } else { 0.0 });
            }
            *current.lock().unwrap_or_else(PoisonError::into_inner) = paints.into();
        });
    }

    /// From now on lets only these lines be heard.
    pub fn listen(&self, audible: &[u32]) {
        let inputs = self.lock();
        let pads: Vec<_> = inputs
            .iter()
            .filter(|(_, input)| input.kind == Kind::Audio)
            .map(|(line, input)| (input.mixer_pad.clone(), !audible.contains(line)))
            .collect();
        self.sound_cues.add(self.running_time(), move || {
            for (pad, mute) in pads {
                pad.set_property("mute", mute);
            }
        });
    }

    /// Says whose microphones stand on which lines from now on.
    pub fn name(&self, speakers: BTreeMap<u32, Voice>) {
        if let Some(listener) = &self.listener {
            let _ = listener.send(Output::Heard(Heard::Speakers(self.running_time().into(), speakers)));
        }
    }

    /// Takes every line out, when the connection to the room is gone. May wait for threads.
    pub fn clear(&self) {
        self.picture_cues.forget();
        self.sound_cues.forget();
        self.name(BTreeMap::new());
        *self.paints.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new([]);
        let inputs: Vec<Input> = self.lock().drain().map(|(_, input)| input).collect();
        for input in inputs {
            let mixer = match input.kind {
                Kind::Video => self.compositor.as_ref(),
                Kind::Audio => Some(&self.audiomixer),
            };
            // First, because a decoder cannot stop while it waits for the mixer to take what it has.
            if let Some(mixer) = mixer {
                mixer.release_request_pad(&input.mixer_pad);
            }
            if let Err(error) = input.bin.set_state(gst::State::Null) {
                warn!(%error, "a decoder did not stop");
            }
            let _ = self.pipeline.remove(&input.bin);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Input>> {
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mixer {
    fn drop(&mut self) {
        if let Some(bus) = self.pipeline.bus() {
            bus.unset_sync_handler();
        }
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Each thread of the encoder would keep pictures of its own, and one is several times as fast as it has to be.
fn video_desk() -> String {
    format!(
        "videotestsrc name=black is-live=true pattern=black \
         ! video/x-raw,format=I420,width=64,height=36,framerate={FRAME_RATE}/1,{COLORS} ! compositor.sink_0 \
         compositor name=compositor background=black min-upstream-latency={PLANNED_LATENCY} \
         ! video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={FRAME_RATE}/1,pixel-aspect-ratio=1/1,{COLORS} \
         ! queue max-size-buffers=25 max-size-bytes=0 max-size-time=0 leaky=downstream \
         ! x264enc name=encoder speed-preset=superfast pass=qual quantizer=23 bitrate=2500 vbv-buf-capacity=2000 bframes=0 \
           threads=1 key-int-max={} option-string=scenecut=0 \
         ! video/x-h264,profile=high ! h264parse ! video/x-h264,stream-format=avc,alignment=au \
         ! appsink name=pictures sync=false async=false ",
        FRAME_RATE * 2
    )
}

fn audio_desk() -> String {
    format!(
        "audiotestsrc name=silence is-live=true wave=silence samplesperbuffer=960 \
         ! audio/x-raw,format=F32LE,rate={SAMPLE_RATE},channels=2,layout=interleaved \
         ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=2000000000 min-threshold-time={BEHIND} ! audiomixer.sink_0 \
         audiomixer name=audiomixer min-upstream-latency={PLANNED_LATENCY} \
         ! audio/x-raw,format=F32LE,rate={SAMPLE_RATE},channels=2,layout=interleaved \
         ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=1000000000 \
         ! audioconvert ! avenc_aac bitrate=128000 ! aacparse ! audio/mpeg,mpegversion=4,stream-format=raw \
         ! appsink name=sound sync=false async=false "
    )
}

/// Gives the packets of a line on before they are decoded.
#[derive(Clone)]
struct Tap {
    line: u32,
    listener: mpsc::UnboundedSender<Output>,
}

impl Tap {
    fn put_on(self, pad: &gst::Pad) {
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            if let Some(buffer) = info.buffer()
                && let Some(at) = running_time_of(pad, buffer)
                && let Ok(map) = buffer.map_readable()
            {
                let packet = Packet { line: self.line, at: at.into(), bytes: map.to_vec() };
                let _ = self.listener.send(Output::Heard(Heard::Packet(packet)));
            }
            gst::PadProbeReturn::Ok
        });
    }
}

fn running_time_of(pad: &gst::Pad, buffer: &gst::BufferRef) -> Option<gst::ClockTime> {
    let segment = pad.sticky_event::<gst::event::Segment>(0)?;
    segment.segment().downcast_ref::<gst::ClockTime>()?.to_running_time(buffer.pts()?)
}

/// A line of the room: an entry for packets, a decoder that is put in when it is known which one is needed, and a queue.
fn line_of(line: u32, queue: &str, tap: Option<Tap>) -> Result<gst::Bin> {
    let bin = gst::Bin::with_name(&format!("line-{line}"));
    let entry = gst::ElementFactory::make("identity").property("silent", true).build()?;
    let exit = gst::parse::launch(queue)?;
    bin.add_many([&entry, &exit])?;
    let sink = gst::GhostPad::with_target(&entry.static_pad("sink").context("no entry")?)?;
    let src = gst::GhostPad::with_target(&exit.static_pad("src").context("no exit")?)?;
    bin.add_pad(&sink)?;
    bin.add_pad(&src)?;
    take_anything(&sink);
    let weak = bin.downgrade();
    let current = Mutex::new(String::new());
    sink.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        match info.event().map(|event| event.view()) {
            // A line that ends may begin again with another person's track, so the end of a track must not end the line.
            Some(gst::EventView::Eos(_)) => return gst::PadProbeReturn::Handled,
            // And that track may be of another codec.
            Some(gst::EventView::Caps(caps)) => {
                let codec = caps.caps().structure(0).and_then(|s| s.get::<String>("encoding-name").ok());
                let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
                if let (Some(codec), Some(bin)) = (codec.filter(|codec| *codec != *current), weak.upgrade()) {
                    match put_decoder(&bin, &entry, &exit, &codec, tap.clone()) {
                        Ok(()) => *current = codec,
                        Err(error) => warn!(codec, error = format!("{error:#}"), "a track cannot be decoded"),
                    }
                }
            }
            _ => {}
        }
        gst::PadProbeReturn::Ok
    });
    Ok(bin)
}

/// Says that a line takes whatever comes, and not only what its decoder of the moment takes. `webrtcbin` asks for that
/// before it answers an offer, and would refuse another codec.
fn take_anything(entry: &gst::GhostPad) {
    entry.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        match info.query_mut().map(gst::QueryRef::view_mut) {
            Some(gst::QueryViewMut::Caps(query)) => {
                let any = query.filter_owned().unwrap_or_else(gst::Caps::new_any);
                query.set_result(&any);
            }
            Some(gst::QueryViewMut::AcceptCaps(query)) => query.set_result(true),
            _ => return gst::PadProbeReturn::Ok,
        }
        gst::PadProbeReturn::Handled
    });
}

/// Puts the decoder of this codec between the entry and the exit of a line. It happens in the thread that brings the
/// packets, so nothing passes meanwhile.
fn put_decoder(
    bin: &gst::Bin,
    entry: &gst::Element,
    exit: &gst::Element,
    codec: &str,
    tap: Option<Tap>,
) -> Result<()> {
    let description = decoder(&codec.to_ascii_uppercase()).context("there is no decoder")?;
    if let Some(before) = bin.by_name("decoder") {
        bin.remove(&before)?;
        before.set_state(gst::State::Null)?;
    }
    let decoder = gst::parse::bin_from_description_with_name(description, true, "decoder")?;
    let packets = decoder.by_name("packets").and_then(|packets| packets.static_pad("src"));
    if let (Some(tap), Some(pad)) = (tap, packets) {
        tap.put_on(&pad);
    }
    bin.add(&decoder)?;
    decoder.link(exit)?;
    decoder.sync_state_with_parent()?;
    entry.link(&decoder)?;
    Ok(())
}

/// Links a source of packets to a line, whatever went through the line before.
fn link(source: &gst::Pad, entry: &gst::Pad) -> Result<()> {
    source.link_full(entry, gst::PadLinkCheck::empty())?;
    Ok(())
}

/// Paints what is to be painted onto every picture that was composed, and has the compositor leave pictures out when it
/// is too late.
fn finish_pictures(
    pipeline: &gst::Pipeline,
    compositor: &gst::Element,
    paints: Arc<Painting>,
    cues: Arc<Cues>,
) -> Result<()> {
    let pad = compositor.static_pad("src").context("the mixer has no exit")?;
    let pipeline = pipeline.downgrade();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data else { return gst::PadProbeReturn::Ok };
        let paints = Arc::clone(&paints.lock().unwrap_or_else(PoisonError::into_inner));
        if !paints.is_empty()
            && let Ok(mut frame) = buffer.make_mut().map_writable()
        {
            paint::paint(&mut frame, &paints);
        }
        let now = pipeline.upgrade().and_then(|pipeline| pipeline.current_running_time());
        if let (Some(now), Some(at)) = (now, buffer.pts())
            && now.saturating_sub(at).nseconds() > TOO_LATE
        {
            // The compositor leaves out as much as twice the difference.
            let behind = (now - at).nseconds() - PLANNED_LATENCY;
            let behind = i64::try_from(behind / 2).unwrap_or(0);
            debug!(nanoseconds = behind * 2, "pictures are left out");
            let late =
                gst::event::Qos::new(gst::QOSType::Underflow, 1.5, gst::ClockTimeDiff::from(behind), at);
            pad.send_event(late);
        }
        cues.make(buffer);
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// Lets a mixer not wait for lines that give nothing, once its own black or silence has arrived: a mixer all of whose
/// lines are yet without data and may be ignored takes that for the end of the stream.
fn ignore_the_silent(mixer: &gst::Element) -> Result<()> {
    let own = mixer.static_pad("sink_0").context("the mixer has no entry")?;
    let weak = mixer.downgrade();
    let first = AtomicBool::new(true);
    own.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        // When the second comes, the mixer has the first.
        if first.swap(false, Ordering::Relaxed) {
            return gst::PadProbeReturn::Ok;
        }
        if let Some(mixer) = weak.upgrade() {
            mixer.set_property("ignore-inactive-pads", true);
        }
        gst::PadProbeReturn::Remove
    });
    Ok(())
}

/// Hands what arrives at the sink `name` on as frames.
fn collect(
    pipeline: &gst::Pipeline,
    name: &str,
    kind: Kind,
    outputs: &mpsc::UnboundedSender<Output>,
) -> Result<()> {
    let sink = pipeline
        .by_name(name)
        .context("no sink")?
        .downcast::<gst_app::AppSink>()
        .ok()
        .context("not an appsink")?;
    let outputs = outputs.clone();
    let ended = outputs.clone();
    let mut config: Option<Arc<[u8]>> = None;
    sink.set_callbacks(
        gst_app::AppSinkCallbacks::builder()
            // Nobody ends the desk but its owner, who then listens no more.
            .eos(move |sink| drop(ended.send(Output::Broken(format!("{} ended by itself", sink.name())))))
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let known = config.take().or_else(|| codec_data(&sample));
                config.clone_from(&known);
                if let (Some(config), Some(frame)) = (known, sample.buffer_owned()) {
                    let at = sample.segment().and_then(|segment| {
                        segment.downcast_ref::<gst::ClockTime>()?.to_running_time(frame.pts()?)
                    });
                    let frame = Frame {
                        kind,
                        at: at.unwrap_or_default(),
                        duration: frame.duration().unwrap_or_default(),
                        key: !frame.flags().contains(gst::BufferFlags::DELTA_UNIT),
                        data: frame,
                        config,
                    };
                    let _ = outputs.send(Output::Frame(frame));
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    Ok(())
}

fn codec_data(sample: &gst::Sample) -> Option<Arc<[u8]>> {
    let data = sample.caps()?.structure(0)?.get::<gst::Buffer>("codec_data").ok()?;
    Some(data.map_readable().ok()?.as_slice().into())
}

fn watch_bus(pipeline: &gst::Pipeline, outputs: mpsc::UnboundedSender<Output>) {
    let Some(bus) = pipeline.bus() else { return };
    let weak = pipeline.downgrade();
    bus.set_sync_handler(move |_, message| {
        match message.view() {
            gst::MessageView::Latency(_) => {
                if let Some(pipeline) = weak.upgrade() {
                    // Not in the thread that posts the message: it may hold a lock that the query needs.
                    pipeline.call_async(|pipeline| drop(pipeline.recalculate_latency()));
                }
            }
            gst::MessageView::Error(error) => {
                let source = message.src().map(|s| s.path_string().to_string()).unwrap_or_default();
                // What breaks inside the connection to the room is the room's to repair; the desk goes on.
                if source.contains("webrtc") || source.contains("line-") {
                    debug!(source, error = %error.error(), "an input broke");
                } else {
                    warn!(source, error = %error.error(), debug = ?error.debug(), "the mixer broke");
                    let _ = outputs.send(Output::Broken(error.error().to_string()));
                }
            }
            _ => {}
        }
        gst::BusSyncReply::Drop
    });
}
