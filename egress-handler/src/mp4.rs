//! The file that a recording becomes. Pure.
//!
//! ```text
//! ftyp | mdat (2 s of pictures, 2 s of sound) | mdat | mdat | … | moov
//! ```
//! Every byte before the last box is final the moment its segment is. So parts can be uploaded and hashed while the
//! recording goes on, and the end of an hour costs no more than the end of a minute: one index of about a megabyte per
//! hour, written once. Sections that different handlers recorded follow each other in the same way.

use mp4_atom::{
    Atom, Audio, Avc1, Avcc, Co64, Codec, Dinf, Dref, DrefEntry, Encode, Esds, FixedPoint, FourCC, Ftyp,
    Hdlr, Matrix, Mdhd, Mdia, Minf, Moov, Mp4a, Mvhd, Smhd, Stbl, Stsc, StscEntry, Stsd, Stss, Stsz,
    StszSamples, Stts, SttsEntry, Tkhd, Trak, Visual, Vmhd,
    esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig},
    u24,
};
use serde::{Deserialize, Serialize};

use crate::{
    engine::SAMPLE_RATE,
    layout::{HEIGHT, WIDTH},
};

/// Ticks per second of the picture track.
pub const VIDEO_TICKS: u32 = 90_000;
/// Ticks per second of the sound track.
pub const AUDIO_TICKS: u32 = SAMPLE_RATE;
/// Bytes of an `mdat` box before its content.
pub const MDAT_HEADER: usize = 8;

/// Why a file cannot be built or read.
pub type Result<T> = mp4_atom::Result<T>;

/// Where the samples of one segment are, and when they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The pictures.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub video: Option<Run>,
    /// The sound.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<Run>,
}

/// Samples of one track that stand one after the other in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Start of the first sample since the section began, in ticks.
    pub start: u64,
    /// Lasting of each sample in ticks, as (count, ticks).
    pub ticks: Vec<(u32, u32)>,
    /// Bytes of each sample.
    pub sizes: Vec<u32>,
    /// Which samples decoding may start at, counted from 0. Empty for sound, where it may start anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<u32>,
}

impl Run {
    /// Adds a sample.
    pub fn push(&mut self, ticks: u32, size: u32, key: bool) {
        if key {
            self.keys.push(u32::try_from(self.sizes.len()).unwrap_or(u32::MAX));
        }
        self.sizes.push(size);
        match self.ticks.last_mut() {
            Some((count, same)) if *same == ticks => *count += 1,
            _ => self.ticks.push((1, ticks)),
        }
    }

    /// Ticks that all samples last together.
    pub fn duration(&self) -> u64 {
        self.ticks.iter().map(|(count, ticks)| u64::from(*count) * u64::from(*ticks)).sum()
    }

    /// Bytes of all samples together.
    pub fn bytes(&self) -> u64 {
        self.sizes.iter().map(|size| u64::from(*size)).sum()
    }
}

/// The decoders' configurations, as the encoders gave them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codecs {
    /// The body of an `avcC` box, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<String>,
    /// An `AudioSpecificConfig`, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<String>,
}

/// A segment in the finished file.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The section it belongs to.
    pub section: i32,
    /// Where its `mdat` box begins.
    pub offset: u64,
    /// Its samples.
    pub index: Index,
}

/// The first bytes of every file.
pub fn head() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Ftyp {
        major_brand: FourCC::new(b"isom"),
        minor_version: 512,
        compatible_brands: [b"isom", b"iso2", b"avc1", b"mp41"].map(FourCC::new).to_vec(),
    }
    .encode(&mut bytes)?;
    Ok(bytes)
}

/// Wraps the samples of a segment into its box.
pub fn mdat(samples: &[&[u8]]) -> Vec<u8> {
    let length = MDAT_HEADER + samples.iter().map(|sample| sample.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(b"mdat");
    for sample in samples {
        bytes.extend_from_slice(sample);
    }
    bytes
}

/// How long the file is, in seconds.
pub fn duration(segments: &[Placed]) -> f64 {
    let (video, audio) = (Track::video(segments), Track::audio(segments));
    seconds(video.end, VIDEO_TICKS).max(seconds(audio.end, AUDIO_TICKS))
}

/// When each segment begins in the file, in seconds.
pub fn starts(segments: &[Placed]) -> Vec<f64> {
    let sections = section_starts(segments).into_iter().zip(segments);
    sections
        .map(|(begins, segment)| match (&segment.index.video, &segment.index.audio) {
            (Some(run), _) => seconds(begins + run.start, VIDEO_TICKS),
            (None, Some(run)) => seconds(begins, VIDEO_TICKS) + seconds(run.start, AUDIO_TICKS),
            (None, None) => seconds(begins, VIDEO_TICKS),
        })
        .collect()
}

/// The index that ends the file.
pub fn tail(segments: &[Placed], codecs: &Codecs) -> Result<Vec<u8>> {
    let mut moov = Moov {
        mvhd: Mvhd {
            creation_time: 0,
            modification_time: 0,
            timescale: 1000,
            duration: milliseconds(duration(segments)),
            rate: FixedPoint::new(1, 0),
            volume: FixedPoint::new(1, 0),
            matrix: Matrix::default(),
            next_track_id: 3,
        },
        ..Default::default()
    };
    let video = Track::video(segments);
    if let Some(config) = bytes_of(codecs.video.as_deref()).filter(|_| !video.sizes.is_empty()) {
        moov.trak.push(video_track(video, &config)?);
    }
    let audio = Track::audio(segments);
    if let Some(config) = bytes_of(codecs.audio.as_deref()).filter(|_| !audio.sizes.is_empty()) {
        moov.trak.push(audio_track(audio, &config));
    }
    let mut bytes = Vec::new();
    moov.encode(&mut bytes)?;
    Ok(bytes)
}

fn video_track(track: Track, config: &[u8]) -> Result<Trak> {
    let entry = Avc1 {
        visual: Visual { width: pixels(WIDTH), height: pixels(HEIGHT), ..Default::default() },
        avcc: Avcc::decode_body(&mut &config[..])?,
        ..Default::default()
    };
    let mut trak = trak(1, VIDEO_TICKS, *b"vide", "Pictures", Codec::Avc1(entry), track);
    trak.tkhd.width = FixedPoint::new(pixels(WIDTH), 0);
    trak.tkhd.height = FixedPoint::new(pixels(HEIGHT), 0);
    trak.mdia.minf.vmhd = Some(Vmhd::default());
    Ok(trak)
}

fn audio_track(track: Track, config: &[u8]) -> Trak {
    let entry = Mp4a {
        audio: Audio {
            data_reference_index: 1,
            channel_count: 2,
            sample_size: 16,
            sample_rate: FixedPoint::new(u16::try_from(SAMPLE_RATE).unwrap_or(u16::MAX), 0),
        },
        esds: Esds {
            es_desc: EsDescriptor {
                es_id: 2,
                depends_on_es_id: None,
                url: None,
                ocr_es_id: None,
                stream_priority: 0,
                dec_config: DecoderConfig {
                    object_type_indication: 0x40, // AAC
                    stream_type: 5,               // sound
                    up_stream: 0,
                    buffer_size_db: u24::default(),
                    max_bitrate: 0,
                    avg_bitrate: 0,
                    dec_specific: Some(DecoderSpecific {
                        raw: config.to_vec(),
                        profile: 0,
                        freq_index: 0,
                        chan_conf: 0,
                    }),
                },
                sl_config: SLConfig {},
            },
        },
        btrt: None,
        taic: None,
    };
    let mut trak = trak(2, AUDIO_TICKS, *b"soun", "Sound", Codec::Mp4a(entry), track);
    trak.tkhd.volume = FixedPoint::new(1, 0);
    trak.tkhd.alternate_group = 1;
    trak.mdia.minf.smhd = Some(Smhd::default());
    trak
}

fn trak(id: u32, timescale: u32, handler: [u8; 4], name: &str, entry: Codec, track: Track) -> Trak {
    Trak {
        tkhd: Tkhd {
            track_id: id,
            duration: milliseconds(seconds(track.end, timescale)),
            enabled: true,
            in_movie: true,
            ..Default::default()
        },
        mdia: Mdia {
            mdhd: Mdhd { timescale, duration: track.end, language: "und".into(), ..Default::default() },
            hdlr: Hdlr { handler: FourCC::new(&handler), name: name.into() },
            minf: Minf {
                dinf: Dinf {
                    dref: Dref { entries: vec![DrefEntry::Url(mp4_atom::Url { location: String::new() })] },
                },
                stbl: Stbl {
                    stsd: Stsd { codecs: vec![entry] },
                    stts: Stts { entries: track.ticks },
                    stss: (!track.keys.is_empty()).then_some(Stss { entries: track.keys }),
                    stsc: Stsc { entries: track.chunks },
                    stsz: Stsz { samples: StszSamples::Different { sizes: track.sizes } },
                    co64: Some(Co64 { entries: track.offsets }),
                    ..Default::default()
                },
                ..Default::default()
            },
        },
        ..Default::default()
    }
}

/// One track's tables over the whole file.
#[derive(Default)]
struct Track {
    ticks: Vec<SttsEntry>,
    sizes: Vec<u32>,
    keys: Vec<u32>,
    chunks: Vec<StscEntry>,
    offsets: Vec<u64>,
    /// Start of the last sample that was added.
    last: Option<u64>,
    /// End of the last sample.
    end: u64,
}

impl Track {
    fn video(segments: &[Placed]) -> Self {
        Self::collect(segments, VIDEO_TICKS, |index| index.video.as_ref(), |_| 0)
    }

    fn audio(segments: &[Placed]) -> Self {
        let after_video = |index: &Index| index.video.as_ref().map_or(0, Run::bytes);
        Self::collect(segments, AUDIO_TICKS, |index| index.audio.as_ref(), after_video)
    }

    /// Sections follow each other without a pause; within one, samples keep their own times.
    fn collect(
        segments: &[Placed],
        timescale: u32,
        run_of: impl Fn(&Index) -> Option<&Run>,
        bytes_before: impl Fn(&Index) -> u64,
    ) -> Self {
        let mut track = Self::default();
        for (begins, segment) in section_starts(segments).into_iter().zip(segments) {
            let Some(run) = run_of(&segment.index).filter(|run| !run.sizes.is_empty()) else { continue };
            let begins = begins * u64::from(timescale) / u64::from(VIDEO_TICKS);
            let offset = segment.offset + MDAT_HEADER as u64 + bytes_before(&segment.index);
            track.add(begins + run.start, run, offset);
        }
        track.closed()
    }

    fn add(&mut self, start: u64, run: &Run, offset: u64) {
        let first = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
        self.keys.extend(run.keys.iter().map(|key| first + key + 1));
        self.sizes.extend(&run.sizes);
        let samples = u32::try_from(run.sizes.len()).unwrap_or(u32::MAX);
        self.offsets.push(offset);
        if self.chunks.last().is_none_or(|chunk| chunk.samples_per_chunk != samples) {
            self.chunks.push(StscEntry {
                first_chunk: u32::try_from(self.offsets.len()).unwrap_or(u32::MAX),
                samples_per_chunk: samples,
                sample_description_index: 1,
            });
        }
        let mut at = start;
        for ticks in run.ticks.iter().flat_map(|(count, ticks)| std::iter::repeat_n(*ticks, *count as usize))
        {
            // A sample lasts until the next one begins, so that rounding and pauses never add up; the first begins
            // the file.
            let begins = self.last.map_or(0, |last| at.max(last + 1));
            if let Some(last) = self.last {
                self.tick(1, u32::try_from(begins - last).unwrap_or(u32::MAX));
            }
            self.last = Some(begins);
            at += u64::from(ticks);
            self.end = at.max(begins + 1);
        }
    }

    fn tick(&mut self, count: u32, ticks: u32) {
        match self.ticks.last_mut() {
            _ if count == 0 => {}
            Some(entry) if entry.sample_delta == ticks => entry.sample_count += count,
            _ => self.ticks.push(SttsEntry { sample_count: count, sample_delta: ticks }),
        }
    }

    fn closed(mut self) -> Self {
        if let Some(last) = self.last {
            self.tick(1, u32::try_from(self.end - last).unwrap_or(u32::MAX));
        }
        self
    }
}

/// When the section of each segment begins in the file, in ticks of the picture track. The picture is the measure; a
/// recording of sound alone is measured by it.
fn section_starts(segments: &[Placed]) -> Vec<u64> {
    let (mut section, mut begins, mut ends) = (None, 0, 0);
    segments
        .iter()
        .map(|segment| {
            if section.replace(segment.section) != Some(segment.section) {
                begins = ends;
            }
            let end = match (&segment.index.video, &segment.index.audio) {
                (Some(run), _) => run.start + run.duration(),
                (None, Some(run)) => {
                    (run.start + run.duration()) * u64::from(VIDEO_TICKS) / u64::from(AUDIO_TICKS)
                }
                (None, None) => 0,
            };
            ends = ends.max(begins + end);
            begins
        })
        .collect()
}

fn seconds(ticks: u64, per_second: u32) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "recordings are shorter than 2^52 ticks")]
    let ticks = ticks as f64;
    ticks / f64::from(per_second)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "durations are short and positive"
)]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

fn pixels(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

fn bytes_of(hexadecimal: Option<&str>) -> Option<Vec<u8>> {
    hex::decode(hexadecimal?).ok()
}

#[cfg(test)]
mod tests {
    use mp4_atom::Decode;

    use super::*;

    /// Two seconds of 25 pictures a second and sound that begins a little late.
    fn segment(section: i32, number: u64, offset: u64) -> Placed {
        let mut video = Run { start: number * 180_000, ..Run::default() };
        (0..50).for_each(|n| video.push(3600, 10, n == 0));
        let mut audio = Run { start: number * 96_000 + 400, ..Run::default() };
        (0..94).for_each(|_| audio.push(1024, 4, false));
        Placed { section, offset, index: Index { video: Some(video), audio: Some(audio) } }
    }

    fn decoded(segments: &[Placed]) -> Moov {
        let codecs = Codecs {
            video: Some("0164001fffe100046764002001000468ee3cb0".into()),
            audio: Some("1190".into()),
        };
        let bytes = tail(segments, &codecs).expect("an index");
        Moov::decode(&mut bytes.as_slice()).expect("its own index")
    }

    #[test]
    fn sound_keeps_its_distance_and_sections_follow_without_a_pause() {
        let segments = [segment(1, 0, 32), segment(1, 1, 1000), segment(2, 0, 2000)];
        assert_eq!(starts(&segments), [0.0, 2.0, 4.0]);
        let moov = decoded(&segments);
        assert_eq!(
            moov.mvhd.duration, 6014,
            "the sound of the last segment ends a little after its pictures"
        );
        let (video, audio) = (&moov.trak[0].mdia, &moov.trak[1].mdia);
        assert_eq!(video.mdhd.duration, 540_000);
        assert_eq!(video.minf.stbl.stts.entries, [SttsEntry { sample_count: 150, sample_delta: 3600 }]);
        assert_eq!(video.minf.stbl.stss.as_ref().expect("keys").entries, [1, 51, 101]);
        assert_eq!(video.minf.stbl.co64.as_ref().expect("offsets").entries, [40, 1008, 2008]);
        assert_eq!(audio.minf.stbl.co64.as_ref().expect("offsets").entries, [540, 1508, 2508]);
        // The first sample fills the 400 ticks before the sound begins; 94 samples are 256 ticks longer than 2 s.
        let starts: Vec<u32> = audio
            .minf
            .stbl
            .stts
            .entries
            .iter()
            .flat_map(|entry| std::iter::repeat_n(entry.sample_delta, entry.sample_count as usize))
            .scan(0, |at, delta| Some(std::mem::replace(at, *at + delta)))
            .collect();
        assert_eq!((starts[1], starts[94], starts[188]), (1424, 96_400, 192_400));
    }

    #[test]
    fn a_box_holds_its_samples() {
        assert_eq!(mdat(&[b"ab", b"c"]), b"\0\0\0\x0bmdatabc");
    }

    #[test]
    fn runs_add_up() {
        let mut run = Run::default();
        run.push(10, 5, true);
        run.push(10, 6, false);
        run.push(20, 7, true);
        assert_eq!((run.duration(), run.bytes(), run.ticks.len()), (40, 18, 2));
        assert_eq!(run.keys, [0, 2]);
    }
}
