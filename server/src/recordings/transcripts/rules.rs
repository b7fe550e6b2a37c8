//! Pure rules of transcripts: what of an answer is kept, in which order, and how a file of captions is written.

use std::fmt::Write;

use kernel::ids::{GuestId, UserId};

/// Longest text of one stretch, in characters.
const LONGEST: usize = 2000;
/// Shortest time for which a caption stands, in milliseconds.
const SHORTEST: i64 = 100;
/// Most stretches of one recording.
const MOST: usize = 50_000;
/// From which probability on a stretch is silence, if its words are unlikely too: the model's own rule.
const SILENCE: f64 = 0.6;
/// Below which mean logarithm of their probability words are unlikely.
const UNLIKELY: f64 = -1.0;

/// What a service heard: a stretch of speech in a file, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// From.
    pub start: f64,
    /// To.
    pub end: f64,
    /// What was said.
    pub text: String,
    /// How probably nobody speaks, as far as the service says.
    pub no_speech: Option<f64>,
    /// The mean logarithm of the words' probability, as far as the service says.
    pub likelihood: Option<f64>,
}

/// Who speaks in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Speaker {
    /// A member.
    pub user: Option<UserId>,
    /// Or a guest.
    pub guest: Option<GuestId>,
    /// Their name.
    pub name: Option<String>,
}

/// A stretch of speech in a recording, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// From.
    pub starts: i64,
    /// To; later than from.
    pub ends: i64,
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said.
    pub text: String,
}

/// What was heard in the file of `speaker` that begins at `offset` (in milliseconds) of the recording. Times that make no
/// sense are put right, since they come from somebody else's program; what has no words, or is silence, is left out.
pub fn stretches(heard: Vec<Heard>, speaker: &Speaker, offset: i64) -> Vec<Stretch> {
    let is_silence = |it: &Heard| {
        it.no_speech.is_some_and(|silence| silence > SILENCE)
            && it.likelihood.is_some_and(|likelihood| likelihood < UNLIKELY)
    };
    let stretch = |it: Heard| {
        let text = plain(&it.text);
        let starts = offset.saturating_add(millis(it.start)).max(0);
        let ends = offset.saturating_add(millis(it.end)).max(starts + SHORTEST);
        (!text.is_empty()).then(|| Stretch { starts, ends, speaker: speaker.clone(), text })
    };
    heard.into_iter().filter(|it| !is_silence(it)).filter_map(stretch).collect()
}

/// Everything that was said, in the order in which people began to say it.
pub fn merged(mut all: Vec<Stretch>) -> Vec<Stretch> {
    all.sort_by_key(|it| (it.starts, it.ends));
    all.truncate(MOST);
    all
}

/// Seconds as milliseconds; what is no time of a recording (a day long at most) is its nearest end.
fn millis(seconds: f64) -> i64 {
    let most = 24.0 * 3600.0;
    #[expect(clippy::cast_possible_truncation, reason = "within a day")]
    let millis = (seconds.clamp(0.0, most) * 1000.0).round() as i64;
    millis
}

/// Words with single spaces between them, and nothing that is no letter.
fn plain(text: &str) -> String {
    let visible: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(LONGEST).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A caption, as it is written into a file.
#[derive(Debug, Clone, Copy)]
pub struct Caption<'a> {
    /// From, in milliseconds.
    pub starts: i64,
    /// To.
    pub ends: i64,
    /// Whose voice it is.
    pub voice: Option<&'a str>,
    /// What is said.
    pub text: &'a str,
}

/// A file of captions (WebVTT, <https://www.w3.org/TR/webvtt1/>).
pub fn webvtt<'a>(captions: impl Iterator<Item = Caption<'a>>) -> String {
    let mut file = String::from("WEBVTT\n");
    for caption in captions {
        let (starts, ends) = (caption.starts.max(0), caption.ends.max(caption.starts.max(0) + 1));
        // Writing into a string does not fail.
        let _ = write!(file, "\n{} --> {}\n", timestamp(starts), timestamp(ends));
        let name = caption.voice.map(escaped).filter(|name| !name.is_empty());
        if let Some(name) = name {
            // A name that ends with two dashes would make an arrow of the tag's end, and end the caption.
            let end = if name.ends_with('-') { " " } else { "" };
            let _ = write!(file, "<v {name}{end}>");
        }
        file.push_str(&escaped(caption.text));
        file.push('\n');
    }
    file
}

fn timestamp(millis: i64) -> String {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Text that is neither a tag, nor the end of a caption, nor an arrow.
fn escaped(text: &str) -> String {
    plain(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heard(start: f64, end: f64, text: &str) -> Heard {
        Heard { start, end, text: text.to_owned(), no_speech: None, likelihood: None }
    }

    fn speaker(name: &str) -> Speaker {
        Speaker { name: Some(name.to_owned()), ..Speaker::default() }
    }

    #[test]
    fn captions_are_written_as_players_read_them() {
        let captions = [
            Caption {
                starts: 0,
                ends: 1500,
                voice: Some("Ann <A> & Co"),
                text: "1 < 2 --> \"true\" & so\n\non",
            },
            Caption { starts: 3_723_004, ends: 3_723_004, voice: None, text: "later" },
            Caption { starts: 3_800_000, ends: 3_801_000, voice: Some("Ben --"), text: "hm" },
            Caption { starts: 360_000_000, ends: 360_001_000, voice: Some(" \u{7} "), text: "habari" },
        ];
        assert_eq!(
            webvtt(captions.into_iter()),
            "WEBVTT\n\n\
             00:00:00.000 --> 00:00:01.500\n<v Ann &lt;A&gt; &amp; Co>1 &lt; 2 --&gt; \"true\" &amp; so on\n\n\
             01:02:03.004 --> 01:02:03.005\nlater\n\n\
             01:03:20.000 --> 01:03:21.000\n<v Ben -- >hm\n\n\
             100:00:00.000 --> 100:00:01.000\nhabari\n"
        );
    }

    #[test]
    fn what_each_said_becomes_one_conversation() {
        let ann =
            stretches(vec![heard(0.0, 2.0, " Hello. "), heard(5.0, 6.5, "Yes.")], &speaker("Ann"), 1000);
        let ben = stretches(vec![heard(0.5, 1.0, "Hi Ann.")], &speaker("Ben"), 3000);
        let all = merged([ann, ben].concat());
        let told: Vec<_> =
            all.iter().map(|it| (it.starts, it.ends, it.speaker.name.as_deref(), it.text.as_str())).collect();
        assert_eq!(
            told,
            [
                (1000, 3000, Some("Ann"), "Hello."),
                (3500, 4000, Some("Ben"), "Hi Ann."),
                (6000, 7500, Some("Ann"), "Yes.")
            ]
        );
    }

    #[test]
    fn silence_has_no_words() {
        let quiet = |no_speech, likelihood| Heard { no_speech, likelihood, ..heard(0.0, 1.0, "Thank you.") };
        for (answer, kept) in [
            (quiet(Some(0.9), Some(-1.4)), false),
            (quiet(Some(0.9), Some(-0.2)), true),
            (quiet(Some(0.1), Some(-1.4)), true),
            (quiet(Some(0.9), None), true),
            (heard(0.0, 1.0, " \n "), false),
        ] {
            assert_eq!(
                stretches(vec![answer.clone()], &Speaker::default(), 0).len(),
                usize::from(kept),
                "{answer:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_a_service_says_gives_captions_that_players_can_read(
            said in proptest::collection::vec((any::<f64>(), any::<f64>(), "\\PC{0,40}|.*"), 0..20), name in ".*", offset in -5000_i64..100_000,
        ) {
            let heard = said.iter().map(|(start, end, text)| heard(*start, *end, text)).collect();
            let all = merged(stretches(heard, &speaker(&name), offset));
            prop_assert!(all.iter().all(|it| it.starts >= 0 && it.ends > it.starts));
            prop_assert!(all.windows(2).all(|pair| pair[0].starts <= pair[1].starts));
            let file = webvtt(all.iter().map(|it| Caption {
                starts: it.starts, ends: it.ends, voice: it.speaker.name.as_deref(), text: &it.text,
            }));
            let blocks: Vec<&str> = file.trim_end_matches('\n').split("\n\n").collect();
            prop_assert_eq!(blocks.len(), all.len() + 1);
            for block in &blocks[1..] {
                prop_assert_eq!(block.lines().count(), 2, "{:?}", block);
                prop_assert_eq!(block.matches("-->").count(), 1);
            }
        }
    }
}
