//! Each person's microphone as a file of its own: Ogg with the Opus packets as the person sent them. Pure.
//!
//! What a file plays at a moment stands in the recording at the same moment, later by the file's start: where packets
//! are missing (somebody is muted, or silent and sends nothing) packets of silence are put, as RFC 7845 wants it. Who
//! sends nothing for long begins a new file.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    time::Duration,
};

use ogg::{PacketWriteEndInfo, PacketWriter};

/// How much of a file is given at once: what a crash may cost.
const PIECE: Duration = Duration::from_secs(10);
/// Who sends nothing for so long begins a new file.
const ABSENCE: Duration = Duration::from_mins(1);
/// A gap that is shorter is concealed by the decoder, as it does with the pauses of silent people; a longer one is
/// silent.
const CONCEALED: Duration = Duration::from_millis(500);
/// By so many samples a packet may be off its place. Times of arrival wobble, and clocks of senders drift.
const SLACK: u64 = 2400;
/// Samples per second; Opus always counts so.
const RATE: u64 = 48_000;
/// Samples of the packets that fill gaps.
const FILLER: u64 = 960;
/// Packets on one page: a second of the usual ones.
const PAGE: u32 = 50;
/// Packets that wait until it is known where they stand; more never come in the time that the mixer takes.
const WAITING: usize = 20_000;

/// Who is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// As LiveKit calls them.
    pub identity: String,
    /// As people call them.
    pub name: String,
}

/// What the mixing desk hears. Times are since the pipeline started.
#[derive(Debug)]
pub enum Heard {
    /// From then on these people are on these lines, and nobody else.
    Speakers(Duration, BTreeMap<u32, Voice>),
    /// A packet came on a line.
    Packet(Packet),
}

/// A packet of sound.
#[derive(Debug)]
pub struct Packet {
    /// The line it came on.
    pub line: u32,
    /// Time since the pipeline started.
    pub at: Duration,
    /// As it was sent.
    pub bytes: Vec<u8>,
}

/// A piece of a person's file. The pieces of one file, one after the other, are the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Number of the file in its section.
    pub track: i32,
    /// Whose.
    pub voice: Voice,
    /// When the file begins, since the section began.
    pub starts: Duration,
    /// How long the file is with this piece.
    pub lasts: Duration,
    /// The piece.
    pub bytes: Vec<u8>,
}

/// The microphones of one section.
#[derive(Debug, Default)]
pub struct Voices {
    /// Who is on which line, and since when.
    lines: BTreeMap<u32, VecDeque<(Duration, Option<Voice>)>>,
    /// Packets whose place in the recording is not known yet.
    waiting: VecDeque<Packet>,
    /// The open file of each person, by identity.
    tracks: BTreeMap<String, Track>,
    /// Files so far.
    count: i32,
}

impl Voices {
    /// Takes what was heard.
    pub fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Packet(packet) => {
                self.waiting.push_back(packet);
                if self.waiting.len() > WAITING {
                    self.waiting.pop_front();
                }
            }
            Heard::Speakers(at, speakers) => {
                for line in speakers.keys() {
                    self.lines.entry(*line).or_default();
                }
                for (line, history) in &mut self.lines {
                    let voice = speakers.get(line).cloned();
                    if history.back().map_or(voice.is_some(), |(_, last)| *last != voice) {
                        history.push_back((at, voice));
                    }
                }
            }
        }
    }

    /// Writes the packets of before `until`. `place` says where a moment stands in the section; nowhere when it falls
    /// into a pause. Gives the pieces that are complete.
    pub fn write(&mut self, until: Duration, place: impl Fn(Duration) -> Option<Duration>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let (now, later): (VecDeque<_>, _) =
            mem::take(&mut self.waiting).into_iter().partition(|packet| packet.at < until);
        self.waiting = later;
        for packet in now {
            let Some(voice) = self.speaker(packet.line, packet.at).cloned() else { continue };
            let Some(at) = place(packet.at) else { continue };
            pieces.extend(self.add(voice, at, &packet));
        }
        for history in self.lines.values_mut() {
            // Who was on the line before the moment that is written.
            while history.get(1).is_some_and(|(since, _)| *since < until) {
                history.pop_front();
            }
        }
        pieces.extend(self.tracks.values_mut().filter_map(|track| track.piece_if_due(until)));
        pieces
    }

    /// Ends all files.
    pub fn finish(&mut self) -> Vec<Piece> {
        mem::take(&mut self.tracks).into_values().filter_map(Track::end).collect()
    }

    fn speaker(&self, line: u32, at: Duration) -> Option<&Voice> {
        let (_, voice) = self.lines.get(&line)?.iter().rev().find(|(since, _)| *since <= at)?;
        voice.as_ref()
    }

    fn add(&mut self, voice: Voice, at: Duration, packet: &Packet) -> Option<Piece> {
        let toc = *packet.bytes.first()?;
        let samples = samples(&packet.bytes)?;
        let long_absent = |track: &Track| at > track.ends() + ABSENCE;
        let ended = match self.tracks.get(&voice.identity) {
            Some(track) if long_absent(track) => self.tracks.remove(&voice.identity),
            _ => None,
        };
        let count = &mut self.count;
        let track = self.tracks.entry(voice.identity.clone()).or_insert_with(|| {
            *count += 1;
            Track::begin(*count, voice, at, toc)
        });
        track.add(at, packet, samples);
        ended.and_then(Track::end)
    }
}

/// One file.
struct Track {
    number: i32,
    voice: Voice,
    starts: Duration,
    serial: u32,
    writer: PacketWriter<'static, Vec<u8>>,
    /// The last packet, held back because the last of a file says that it is.
    held: Option<Vec<u8>>,
    /// Samples with the packet that is held back.
    samples: u64,
    /// How the last packet that came is coded.
    toc: u8,
    /// Packets on the page that is written.
    on_page: u32,
    /// When the first packet since the last piece came.
    since: Option<Duration>,
}

impl std::fmt::Debug for Track {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Track")
            .field("number", &self.number)
            .field("voice", &self.voice)
            .finish_non_exhaustive()
    }
}

impl Track {
    fn begin(number: i32, voice: Voice, starts: Duration, toc: u8) -> Self {
        let mut track = Self {
            number,
            voice,
            starts,
            serial: number.unsigned_abs(),
            writer: PacketWriter::new(Vec::new()),
            held: None,
            samples: 0,
            toc,
            on_page: 0,
            since: None,
        };
        let channels = if toc & STEREO == 0 { 1 } else { 2 };
        track.put(head(channels), PacketWriteEndInfo::EndPage, 0);
        track.put(tags(), PacketWriteEndInfo::EndPage, 0);
        track
    }

    fn end(mut self) -> Option<Piece> {
        let last = self.held.take()?;
        self.put(last, PacketWriteEndInfo::EndStream, self.samples);
        self.piece()
    }

    /// Puts a packet at its place, and silence before it.
    fn add(&mut self, at: Duration, packet: &Packet, samples: u64) {
        let due = ticks(at.saturating_sub(self.starts));
        if self.samples > due + SLACK {
            return;
        }
        let gap = due.saturating_sub(self.samples);
        if gap > SLACK {
            let filler = if gap < ticks(CONCEALED) { missing(self.toc) } else { silence(self.toc) };
            for _ in 0..gap / FILLER {
                self.push(filler.clone(), FILLER);
            }
        }
        self.toc = packet.bytes.first().copied().unwrap_or(self.toc);
        self.push(packet.bytes.clone(), samples);
        self.since.get_or_insert(packet.at);
    }

    fn push(&mut self, packet: Vec<u8>, samples: u64) {
        if let Some(before) = self.held.replace(packet) {
            let full = self.on_page + 1 >= PAGE;
            let end = if full { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket };
            self.put(before, end, self.samples);
        }
        self.samples += samples;
    }

    fn put(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo, samples: u64) {
        self.on_page = if matches!(end, PacketWriteEndInfo::NormalPacket) { self.on_page + 1 } else { 0 };
        // Writing into memory cannot fail.
        let _ = self.writer.write_packet(packet, self.serial, end, samples);
    }

    fn end_page(&mut self) {
        if let Some(held) = self.held.take() {
            self.put(held, PacketWriteEndInfo::EndPage, self.samples);
        }
    }

    fn piece_if_due(&mut self, now: Duration) -> Option<Piece> {
        self.since.filter(|since| now >= *since + PIECE)?;
        self.end_page();
        self.piece()
    }

    fn piece(&mut self) -> Option<Piece> {
        self.since = None;
        let bytes = mem::take(self.writer.inner_mut());
        (!bytes.is_empty()).then(|| Piece {
            track: self.number,
            voice: self.voice.clone(),
            starts: self.starts,
            lasts: self.lasts(),
            bytes,
        })
    }

    fn lasts(&self) -> Duration {
        Duration::from_micros(self.samples * 1000 / (RATE / 1000))
    }

    fn ends(&self) -> Duration {
        self.starts + self.lasts()
    }
}

/// Says in the first byte of a packet that it is of two channels.
const STEREO: u8 = 4;

/// The header of a file. Nothing is cut off its beginning, so that its times are right.
fn head(channels: u8) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend(0u16.to_le_bytes());
    head.extend(48_000u32.to_le_bytes());
    head.extend([0, 0, 0]);
    head
}

fn tags() -> Vec<u8> {
    let vendor = b"Baraza";
    let mut tags = b"OpusTags".to_vec();
    tags.extend(6u32.to_le_bytes());
    tags.extend(vendor);
    tags.extend(0u32.to_le_bytes());
    tags
}

/// A packet of 20 ms that says that it is missing, in the coding of the packets around it.
fn missing(toc: u8) -> Vec<u8> {
    let config = toc >> 3;
    let config = match config {
        0..12 => (config & !3) | 1,
        12..16 => config | 1,
        _ => config | 3,
    };
    vec![(config << 3) | (toc & STEREO)]
}

/// A packet of 20 ms of silence.
fn silence(toc: u8) -> Vec<u8> {
    vec![0xf8 | (toc & STEREO), 0xff, 0xfe]
}

/// How many samples a packet lasts (RFC 6716, 3.1); nothing when it is no packet.
fn samples(packet: &[u8]) -> Option<u64> {
    let toc = *packet.first()?;
    let config = u64::from(toc >> 3);
    let frame = match config {
        0..12 => [480, 960, 1920, 2880][usize::from((toc >> 3) & 3)],
        12..16 => [480, 960][usize::from((toc >> 3) & 1)],
        _ => 120 << (config & 3),
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1)? & 0x3f),
    };
    let samples = frame * frames;
    (1..=5760).contains(&samples).then_some(samples)
}

fn ticks(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX) * (RATE / 1000) / 1000
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use ogg::PacketReader;

    use super::*;

    const WHOLE: fn(Duration) -> Option<Duration> = Some;

    fn anna() -> Voice {
        Voice { identity: "anna".to_owned(), name: "Anna".to_owned() }
    }

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Packets of 20 ms on line 1.
    fn talk(voices: &mut Voices, from: u64, to: u64) {
        for n in (from..to).step_by(20) {
            voices.hear(Heard::Packet(Packet { line: 1, at: at(n), bytes: vec![0x78, 1, 2] }));
        }
    }

    fn on_line_one(since: u64) -> Heard {
        Heard::Speakers(at(since), BTreeMap::from([(1, anna())]))
    }

    /// The packets of a file, each with the samples at the end of its page.
    fn read(pieces: &[Piece]) -> Vec<(Vec<u8>, u64)> {
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes.clone()).collect();
        let mut reader = PacketReader::new(Cursor::new(bytes));
        let mut packets = Vec::new();
        while let Some(packet) = reader.read_packet().expect("a valid file") {
            let samples = packet.absgp_page();
            packets.push((packet.data, samples));
        }
        packets
    }

    #[test]
    fn a_voice_becomes_a_file_that_begins_where_it_was_first_heard() {
        let mut voices = Voices::default();
        voices.hear(on_line_one(900));
        talk(&mut voices, 800, 13_000);
        let mut pieces = voices.write(at(12_000), |at| at.checked_sub(Duration::from_millis(500)));
        pieces.extend(voices.write(at(14_000), |at| at.checked_sub(Duration::from_millis(500))));
        pieces.extend(voices.finish());
        assert!(pieces.len() == 2 && pieces.iter().all(|piece| piece.starts == at(400)), "{pieces:?}");
        let packets = read(&pieces);
        assert_eq!((&packets[0].0[..8], packets[0].0[9]), (&b"OpusHead"[..], 1));
        assert_eq!(packets.len() - 2, 12_100 / 20, "nothing of before somebody was on the line");
        assert_eq!(packets.last().expect("a packet").1, 12_100 * 48);
        assert_eq!(pieces.last().expect("a piece").lasts, at(12_100));
    }

    #[test]
    fn gaps_are_filled_and_who_is_muted_is_not_in_the_file() {
        let mut voices = Voices::default();
        voices.hear(on_line_one(0));
        talk(&mut voices, 0, 1000);
        // Nothing is sent for 200 ms, then muted for 2 s while packets still come.
        talk(&mut voices, 1200, 4000);
        voices.hear(Heard::Speakers(at(1500), BTreeMap::new()));
        voices.hear(on_line_one(3500));
        voices.write(at(5000), WHOLE);
        let pieces = voices.finish();
        let packets: Vec<_> = read(&pieces).into_iter().skip(2).map(|(packet, _)| packet).collect();
        assert_eq!(packets.len(), 200, "as long as the time that it tells of");
        assert!(packets[50..60].iter().all(|packet| packet == &[0x78 | 8]), "what is missing is concealed");
        assert!(
            packets[75..175].iter().all(|packet| packet == &[0xf8, 0xff, 0xfe]),
            "who is muted is silent"
        );
        assert_eq!(packets[175], [0x78, 1, 2]);
    }

    #[test]
    fn a_pause_is_left_out_and_an_absence_begins_a_new_file() {
        let mut voices = Voices::default();
        voices.hear(on_line_one(0));
        talk(&mut voices, 0, 1000);
        voices.write(at(1000), |_| None);
        talk(&mut voices, 1000, 2000);
        talk(&mut voices, 90_000, 91_000);
        let first = voices.write(at(95_000), |at| at.checked_sub(Duration::from_secs(1)));
        let second = voices.finish();
        assert_eq!((first[0].track, first[0].starts, first[0].lasts), (1, at(0), at(1000)));
        assert_eq!((second[0].track, second[0].starts, second[0].lasts), (2, at(89_000), at(1000)));
    }

    #[test]
    fn a_clock_that_runs_fast_does_not_run_away() {
        let mut voices = Voices::default();
        voices.hear(on_line_one(0));
        for n in 0..60_000u64 {
            let at = Duration::from_micros(n * 19_900);
            voices.hear(Heard::Packet(Packet { line: 1, at, bytes: vec![0x78, 1] }));
            voices.write(at, WHOLE);
        }
        let lasts = voices.finish()[0].lasts;
        let wanted = Duration::from_secs(1_194);
        assert!(lasts.abs_diff(wanted) < at(80), "{lasts:?} of {wanted:?}");
    }

    #[test]
    fn packets_tell_how_long_they_are() {
        assert_eq!(samples(&[0x78]), Some(960), "hybrid, 20 ms");
        assert_eq!(samples(&[0x18]), Some(2880), "SILK, 60 ms");
        assert_eq!(samples(&[0xf9]), Some(1920), "twice 20 ms");
        assert_eq!(samples(&[0xe3, 4]), Some(480), "four times 2.5 ms");
        assert_eq!((samples(&[]), samples(&[0xfb]), samples(&[0xfb, 63])), (None, None, None));
    }
}
