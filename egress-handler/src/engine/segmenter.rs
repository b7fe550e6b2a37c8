//! Cuts the stream of frames into segments that each begin with a picture that decoding may start at. Pure.

use std::{collections::VecDeque, mem, time::Duration};

use crate::mp4::{AUDIO_TICKS, Index, Run, VIDEO_TICKS, mdat};

use super::mixer::Kind;

/// How long a segment is: what a crash may cost, on top of the time until another handler takes over.
pub const SEGMENT: Duration = Duration::from_secs(2);
/// How long a segment waits for sound that does not come.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The AAC encoder gives its output one block after its input.
const AUDIO_DELAY: Duration = Duration::from_nanos(1024 * 1_000_000_000 / AUDIO_TICKS as u64);
/// Sound that is off its place by less than this is rounding, not a pause.
const AUDIO_SLACK: u64 = AUDIO_TICKS as u64 / 100;

/// One encoded picture or block of sound.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Which of the two.
    pub kind: Kind,
    /// Time since the pipeline started.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// Decoding may start here.
    pub key: bool,
    /// The bytes as they go into the file.
    pub bytes: Vec<u8>,
}

/// A piece of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Time since the pipeline started.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// Where its samples are.
    pub index: Index,
    /// The box that goes into the file.
    pub bytes: Vec<u8>,
}

/// Cuts one section of a recording into segments.
#[derive(Debug)]
pub struct Segmenter {
    /// The track that segments are cut by.
    measure: Kind,
    /// When the section began.
    origin: Option<Duration>,
    video: VecDeque<Sample>,
    audio: VecDeque<Sample>,
    /// Where the sound is expected to go on.
    next_audio: Option<u64>,
    /// Time that was left out so far. Samples are kept with their times in the file.
    skipped: Duration,
    /// When the last segment ended, in the file.
    ended: Duration,
    /// Where the file goes on after time that was left out.
    gone_on: Duration,
}

impl Segmenter {
    /// A section that is cut by the track `measure`.
    pub fn new(measure: Kind) -> Self {
        Self {
            measure,
            origin: None,
            video: VecDeque::new(),
            audio: VecDeque::new(),
            next_audio: None,
            skipped: Duration::ZERO,
            ended: Duration::ZERO,
            gone_on: Duration::ZERO,
        }
    }

    /// When the section began, on the pipeline's time.
    pub fn origin(&self) -> Option<Duration> {
        self.origin
    }

    /// Where a moment stands in the section; nowhere when it is from before its beginning, or was left out.
    pub fn place(&self, at: Duration) -> Option<Duration> {
        let at = at.checked_sub(self.skipped).filter(|at| *at >= self.gone_on)?;
        at.checked_sub(self.origin?)
    }

    /// Takes a sample; gives the segment that it completes.
    pub fn push(&mut self, mut sample: Sample) -> Option<Segment> {
        if sample.kind == Kind::Audio {
            sample.at = sample.at.saturating_sub(AUDIO_DELAY);
        }
        // From before the time that was left out.
        sample.at = sample.at.checked_sub(self.skipped).filter(|at| *at >= self.gone_on)?;
        if let (Kind::Video, Some(last)) = (sample.kind, self.video.back()) {
            // A file cannot go back in time, and those that follow may be made of this picture.
            sample.at = sample.at.max(last.at + Duration::from_millis(1));
        }
        if self.origin.is_none() && sample.kind == self.measure && sample.key {
            self.origin = Some(sample.at);
        }
        match sample.kind {
            Kind::Video if self.origin.is_none() => return None,
            Kind::Video => self.video.push_back(sample),
            Kind::Audio => self.audio.push_back(sample),
        }
        let origin = self.origin?;
        while self.audio.front().is_some_and(|sample| sample.at < origin) {
            self.audio.pop_front();
        }
        let end = self.boundary()?;
        let complete = match self.measure {
            Kind::Audio => true,
            Kind::Video => {
                self.audio.back().is_some_and(|sample| sample.at >= end)
                    || self.video.back().is_some_and(|sample| sample.at >= end + PATIENCE)
            }
        };
        complete.then(|| self.cut(end)).flatten()
    }

    /// Goes on at a later time, which the file shows right after what [`Self::finish`] gave.
    pub fn go_on(&mut self, at: Duration) {
        self.audio.clear();
        if self.origin.is_some() {
            self.skipped = at.saturating_sub(self.ended);
            self.gone_on = self.ended;
        }
    }

    /// Gives what is left.
    pub fn finish(&mut self) -> Option<Segment> {
        let queue = self.queue();
        let end = queue.back().map(|sample| sample.at + sample.lasts)?;
        self.cut(end)
    }

    fn queue(&self) -> &VecDeque<Sample> {
        match self.measure {
            Kind::Video => &self.video,
            Kind::Audio => &self.audio,
        }
    }

    /// Where the segment may end: the first starting point that is far enough from its beginning.
    fn boundary(&self) -> Option<Duration> {
        let queue = self.queue();
        // A frame less, because the distance of two starting points is SEGMENT by frames, not by nanoseconds.
        let earliest = queue.front()?.at + SEGMENT.saturating_sub(Duration::from_millis(20));
        queue.iter().find(|sample| sample.key && sample.at >= earliest).map(|sample| sample.at)
    }

    fn cut(&mut self, end: Duration) -> Option<Segment> {
        let origin = self.origin?;
        let take = |queue: &mut VecDeque<Sample>| {
            let rest = queue.partition_point(|sample| sample.at < end);
            let rest = queue.split_off(rest);
            mem::replace(queue, rest)
        };
        let (video, audio) = (take(&mut self.video), take(&mut self.audio));
        let at = match self.measure {
            Kind::Video => video.front()?.at,
            Kind::Audio => audio.front()?.at,
        };
        let index = Index {
            video: video.front().map(|first| {
                let mut run =
                    Run { start: ticks(first.at.saturating_sub(origin), VIDEO_TICKS), ..Run::default() };
                for (n, sample) in video.iter().enumerate() {
                    let next = video.get(n + 1).map_or(sample.at + sample.lasts, |next| next.at);
                    let lasts = ticks(next.saturating_sub(origin), VIDEO_TICKS)
                        - ticks(sample.at.saturating_sub(origin), VIDEO_TICKS);
                    run.push(narrow(lasts), narrow(sample.bytes.len() as u64), sample.key);
                }
                run
            }),
            audio: self.audio_run(&audio, origin),
        };
        self.ended = end;
        let samples: Vec<&[u8]> = video.iter().chain(&audio).map(|sample| sample.bytes.as_slice()).collect();
        Some(Segment { at: at + self.skipped, lasts: end.saturating_sub(at), index, bytes: mdat(&samples) })
    }

    /// Sound comes in blocks of equal length; their times are rounded, their count is exact.
    fn audio_run(&mut self, samples: &VecDeque<Sample>, origin: Duration) -> Option<Run> {
        let mut at = Vec::with_capacity(samples.len() + 1);
        for sample in samples {
            let clock = ticks(sample.at.saturating_sub(origin), AUDIO_TICKS);
            let exact = self.next_audio.filter(|next| next.abs_diff(clock) <= AUDIO_SLACK).unwrap_or(clock);
            let exact = exact.max(at.last().map_or(0, |last| last + 1));
            self.next_audio = Some(exact + ticks(sample.lasts, AUDIO_TICKS).max(1));
            at.push(exact);
        }
        let mut run = Run { start: *at.first()?, ..Run::default() };
        at.push(self.next_audio?);
        for (sample, pair) in samples.iter().zip(at.windows(2)) {
            run.push(narrow(pair[1] - pair[0]), narrow(sample.bytes.len() as u64), false);
        }
        Some(run)
    }
}

/// A time in ticks, rounded.
fn ticks(time: Duration, per_second: u32) -> u64 {
    let ticks = (time.as_nanos() * u128::from(per_second) + 500_000_000) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(n: u64) -> Sample {
        Sample {
            kind: Kind::Video,
            at: Duration::from_millis(100 + n * 40),
            lasts: Duration::from_millis(40),
            key: n.is_multiple_of(50),
            bytes: vec![1; 3],
        }
    }

    fn sound(n: u64) -> Sample {
        Sample {
            kind: Kind::Audio,
            at: Duration::from_nanos(n * 1024 * 1_000_000_000 / 48_000),
            lasts: Duration::from_nanos(21_333_333),
            key: true,
            bytes: vec![2],
        }
    }

    fn run(segmenter: &mut Segmenter, frames: u64, with_sound: bool) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut sounds = 0;
        for n in 0..frames {
            let picture = picture(n);
            while with_sound && sound(sounds).at <= picture.at {
                segments.extend(segmenter.push(sound(sounds)));
                sounds += 1;
            }
            segments.extend(segmenter.push(picture));
        }
        segments
    }

    #[test]
    fn segments_begin_with_a_key_and_follow_each_other_exactly() {
        let mut segmenter = Segmenter::new(Kind::Video);
        let mut segments = run(&mut segmenter, 120, true);
        segments.extend(segmenter.finish());
        assert_eq!(segments.len(), 3);
        let videos: Vec<_> = segments.iter().map(|s| s.index.video.clone().expect("pictures")).collect();
        assert_eq!(
            videos.iter().map(|v| (v.start, v.sizes.len())).collect::<Vec<_>>(),
            [(0, 50), (180_000, 50), (360_000, 20)]
        );
        assert!(videos.iter().all(|v| v.keys == [0] && v.ticks.iter().all(|(_, t)| *t == 3600)));
        let audios: Vec<_> = segments.iter().map(|s| s.index.audio.clone().expect("sound")).collect();
        assert!(audios[0].start < 1024, "sound from before the first picture is dropped");
        assert!(audios.iter().all(|a| a.ticks.iter().all(|(_, t)| *t == 1024)));
        assert_eq!(audios[0].start + audios[0].duration(), audios[1].start);
        for segment in &segments {
            let bytes = segment.index.video.as_ref().map_or(0, Run::bytes)
                + segment.index.audio.as_ref().map_or(0, Run::bytes);
            assert_eq!(segment.bytes.len() as u64, bytes + 8);
        }
        assert_eq!(segments[1].at, Duration::from_millis(2100));
        assert_eq!(segments[1].lasts, SEGMENT);
    }

    #[test]
    fn a_picture_that_seems_to_come_from_before_stays_in_its_place() {
        let mut segmenter = Segmenter::new(Kind::Video);
        for n in [0, 1, 2, 0, 4] {
            let key = n == 0;
            segmenter.push(Sample { key, ..picture(n) });
        }
        let video = segmenter.finish().and_then(|segment| segment.index.video).expect("pictures");
        assert_eq!(video.ticks, [(2, 3600), (1, 90), (1, 7110), (1, 3600)]);
    }

    #[test]
    fn without_sound_pictures_do_not_wait_for_ever() {
        let mut segmenter = Segmenter::new(Kind::Video);
        let segments = run(&mut segmenter, 90, false);
        assert_eq!(segments.len(), 1);
        assert!(segments[0].index.audio.is_none());
    }

    #[test]
    fn what_is_left_out_leaves_no_hole() {
        let mut segmenter = Segmenter::new(Kind::Video);
        let mut segments = run(&mut segmenter, 70, true);
        segments.extend(segmenter.finish());
        // A minute later; what comes late from before is not taken.
        let later = |mut sample: Sample| {
            sample.at += Duration::from_mins(1);
            sample
        };
        segmenter.go_on(later(picture(100)).at);
        assert_eq!(segmenter.push(sound(131)), None);
        for n in 0..120 {
            segments.extend(segmenter.push(later(sound(2 * n + 193))));
            segments.extend(segmenter.push(later(sound(2 * n + 194))));
            segments.extend(segmenter.push(later(picture(100 + n))));
        }
        let videos: Vec<_> = segments.iter().map(|s| s.index.video.clone().expect("pictures")).collect();
        assert_eq!(
            videos.iter().map(|v| (v.start, v.sizes.len())).collect::<Vec<_>>(),
            [(0, 50), (180_000, 20), (252_000, 50), (432_000, 50)]
        );
        let place = |at: u64| segmenter.place(Duration::from_millis(at));
        assert_eq!((place(64_100), place(64_099)), (Some(Duration::from_millis(2800)), None));
        assert_eq!(segments[2].at, Duration::from_millis(64_100), "the time of the day is not closed up");
        let audio = segments[2].index.audio.as_ref().expect("sound");
        assert!(audio.start.abs_diff(252_000 * 48 / 90) < 1100, "{}", audio.start);
        assert!(audio.ticks.iter().all(|(_, t)| *t == 1024));
    }

    #[test]
    fn sound_alone_is_cut_by_its_own_time() {
        let mut segmenter = Segmenter::new(Kind::Audio);
        let segments: Vec<_> = (0..300).filter_map(|n| segmenter.push(sound(n))).collect();
        assert_eq!(segments.len(), 3);
        assert!(segments.iter().all(|s| s.index.video.is_none()));
    }

    #[test]
    fn nothing_in_nothing_out() {
        assert_eq!(Segmenter::new(Kind::Video).finish(), None);
    }
}
