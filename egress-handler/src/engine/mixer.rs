//! The mixing desk: a pipeline that always runs, with black and silence for an empty room, into which the tracks of
//! people are patched and out of which come encoded pictures and sound.
//!
//! ```text
//! black ──┐
//! track ──┤ compositor ─ I420 ─ x264enc ─ h264parse ─ appsink
//! silence ┐
//! track ──┤ audiomixer ─ avenc_aac ─ aacparse ─ appsink
//! ```
//! The picture stays in I420 from decoder to encoder: without that every frame is converted twice, at more than twice
//! the cost. Tracks bring their own latency, so the mixers plan for it from the start: when a track with more latency
//! than planned came in, the clock of the whole recording would have to move.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, Result};
use gst::prelude::*;
use tokio::sync::mpsc;
use tracing::{debug, warn};

use crate::layout::{HEIGHT, Rect, WIDTH};

/// Frames per second of a recording.
pub const FRAME_RATE: u32 = 25;
/// Sampling rate of a recording's sound.
pub const SAMPLE_RATE: u32 = 48_000;
/// What tracks may come late by, in nanoseconds: the jitter buffer's 200 ms and as much again for decoding on a busy machine.
const PLANNED_LATENCY: u64 = 400_000_000;

/// The elements without which the mixer and the room connection cannot work.
pub const ELEMENTS: &[&str] = &[
    "appsink",
    "audioconvert",
    "audiomixer",
    "audioresample",
    "audiotestsrc",
    "avenc_aac",
    "aacparse",
    "capsfilter",
    "compositor",
    "dtlsdec",
    "h264parse",
    "nicesrc",
    "opusdec",
    "queue",
    "rtpbin",
    "rtpopusdepay",
    "rtpvp8depay",
    "sctpdec",
    "srtpdec",
    "videotestsrc",
    "vp8dec",
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
    /// The pipeline broke.
    Broken(String),
}

/// The mixing desk.
pub struct Mixer {
    pipeline: gst::Pipeline,
    compositor: Option<gst::Element>,
    audiomixer: gst::Element,
    inputs: Mutex<HashMap<u32, Input>>,
}

/// A line of the room, patched into the desk.
struct Input {
    kind: Kind,
    bin: gst::Bin,
    entry: gst::Pad,
    mixer_pad: gst::Pad,
}

impl Mixer {
    /// Sets up the desk and starts it.
    pub fn start(audio_only: bool) -> Result<(Self, mpsc::UnboundedReceiver<Output>)> {
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
        if compositor.is_some() {
            collect(&pipeline, "pictures", Kind::Video, &outputs)?;
        }
        watch_bus(&pipeline, outputs);
        pipeline.set_state(gst::State::Playing).context("the mixer cannot start")?;
        Ok((Self { pipeline, compositor, audiomixer, inputs: Mutex::default() }, receiver))
    }

    /// The pipeline, to put a source into.
    pub fn pipeline(&self) -> &gst::Pipeline {
        &self.pipeline
    }

    /// Time since the pipeline started to play.
    pub fn running_time(&self) -> gst::ClockTime {
        self.pipeline.current_running_time().unwrap_or_default()
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
            pad.link(&entry)?;
            return Ok(());
        }
        let (description, mixer) = match (kind, &self.compositor) {
            (Kind::Video, Some(compositor)) => (
                "rtpvp8depay request-keyframe=true wait-for-keyframe=true ! vp8dec ! \
                 queue max-size-buffers=3 max-size-bytes=0 max-size-time=0 leaky=downstream",
                compositor,
            ),
            (Kind::Audio, _) => (
                "rtpopusdepay ! opusdec use-inband-fec=true plc=true ! audioconvert ! audioresample ! \
                 queue max-size-buffers=0 max-size-bytes=0 max-size-time=1000000000 leaky=downstream",
                &self.audiomixer,
            ),
            (Kind::Video, None) => ("fakesink sync=false async=false", &self.audiomixer),
        };
        let unused = kind == Kind::Video && self.compositor.is_none();
        let bin = gst::parse::bin_from_description_with_name(description, true, &format!("line-{line}"))?;
        let sink = bin.static_pad("sink").context("the decoder has no entry")?;
        // A line that ends may begin again with another person's track, so the end of a track must not end the line.
        sink.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
            match info.event().map(|e| e.type_()) {
                Some(gst::EventType::Eos) => gst::PadProbeReturn::Handled,
                _ => gst::PadProbeReturn::Ok,
            }
        });
        self.pipeline.add(&bin)?;
        if unused {
            bin.sync_state_with_parent()?;
            pad.link(&sink)?;
            return Ok(());
        }
        let mixer_pad = mixer.request_pad_simple("sink_%u").context("the mixer gives no entry")?;
        if kind == Kind::Video {
            mixer_pad.set_property("alpha", 0.0_f64);
            mixer_pad.set_property_from_str("sizing-policy", "keep-aspect-ratio");
        }
        bin.static_pad("src").context("the decoder has no exit")?.link(&mixer_pad)?;
        bin.sync_state_with_parent()?;
        pad.link(&sink)?;
        debug!(line, ?kind, "line patched in");
        self.lock().insert(line, Input { kind, bin, entry: sink, mixer_pad });
        Ok(())
    }

    /// Shows the pictures of these lines at these places and hides all others.
    pub fn arrange(&self, places: &[(u32, Rect)]) {
        for (line, input) in self.lock().iter().filter(|(_, input)| input.kind == Kind::Video) {
            let place = places.iter().find(|(placed, _)| placed == line).map(|(_, rect)| rect);
            if let Some(rect) = place {
                for (name, value) in
                    [("xpos", rect.x), ("ypos", rect.y), ("width", rect.width), ("height", rect.height)]
                {
                    input.mixer_pad.set_property(name, i32::try_from(value).unwrap_or(0));
                }
            }
            input.mixer_pad.set_property("alpha", if place.is_some() { 1.0_f64 } else { 0.0 });
        }
    }

    /// Lets only these lines be heard.
    pub fn listen(&self, audible: &[u32]) {
        for (line, input) in self.lock().iter().filter(|(_, input)| input.kind == Kind::Audio) {
            input.mixer_pad.set_property("mute", !audible.contains(line));
        }
    }

    /// Takes every line out, when the connection to the room is gone. May wait for threads.
    pub fn clear(&self) {
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
        self.inputs.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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

fn video_desk() -> String {
    format!(
        "videotestsrc name=black is-live=true pattern=black \
         ! video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={FRAME_RATE}/1 ! compositor.sink_0 \
         compositor name=compositor background=black min-upstream-latency={PLANNED_LATENCY} \
         ! video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={FRAME_RATE}/1,pixel-aspect-ratio=1/1 \
         ! queue max-size-buffers=25 max-size-bytes=0 max-size-time=0 \
         ! x264enc speed-preset=superfast pass=qual quantizer=23 bitrate=2500 vbv-buf-capacity=2000 bframes=0 \
           key-int-max={} option-string=scenecut=0 \
         ! video/x-h264,profile=high ! h264parse ! video/x-h264,stream-format=avc,alignment=au \
         ! appsink name=pictures sync=false async=false ",
        FRAME_RATE * 2
    )
}

fn audio_desk() -> String {
    format!(
        "audiotestsrc name=silence is-live=true wave=silence samplesperbuffer=960 \
         ! audio/x-raw,format=F32LE,rate={SAMPLE_RATE},channels=2,layout=interleaved ! audiomixer.sink_0 \
         audiomixer name=audiomixer min-upstream-latency={PLANNED_LATENCY} \
         ! audio/x-raw,format=F32LE,rate={SAMPLE_RATE},channels=2,layout=interleaved \
         ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=1000000000 \
         ! audioconvert ! avenc_aac bitrate=128000 ! aacparse ! audio/mpeg,mpegversion=4,stream-format=raw \
         ! appsink name=sound sync=false async=false "
    )
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
