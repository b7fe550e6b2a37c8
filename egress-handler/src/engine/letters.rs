//! Letters as masks: GStreamer's SVG decoder sets them, with the fonts that the machine has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use anyhow::{Context, Result};
use gst::prelude::*;
use tracing::warn;

use super::paint::Mask;

/// How long the decoder may take for one mask.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(5);
/// So many masks are kept; with more, those of all who left are forgotten.
const KEPT: usize = 500;

/// What is to be set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Text {
    /// One line in a size, cut off with an ellipsis where it becomes wider than this.
    Line {
        /// What it says.
        text: String,
        /// Height of the letters' square.
        size: u32,
        /// The widest that it may become.
        width: u32,
    },
    /// The outline of somebody without a name, in a square of this size.
    Nobody(u32),
}

/// What is set, and what is being set.
type Set = Mutex<HashMap<Text, Option<Arc<Mask>>>>;

/// The letters that were set so far.
pub struct Letters {
    set: Arc<Set>,
    jobs: Mutex<mpsc::Sender<Text>>,
}

impl Letters {
    /// Starts the thread that sets letters; `ready` is called when some are.
    pub fn start(ready: impl Fn() + Send + 'static) -> Result<Self> {
        let set: Arc<Set> = Arc::default();
        let (jobs, wanted) = mpsc::channel::<Text>();
        let done = Arc::clone(&set);
        thread::Builder::new().name("letters".to_owned()).spawn(move || {
            for text in wanted {
                match set_text(&text) {
                    Ok(mask) => {
                        done.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .insert(text, Some(Arc::new(mask)));
                        ready();
                    }
                    Err(error) => warn!(error = format!("{error:#}"), "a name cannot be written"),
                }
            }
        })?;
        Ok(Self { set, jobs: Mutex::new(jobs) })
    }

    /// The mask of a text, when it is set; otherwise it is set now, and then said to be ready.
    pub fn get(&self, text: Text) -> Option<Arc<Mask>> {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = set.get(&text) {
            return known.clone();
        }
        if set.len() >= KEPT {
            set.clear();
        }
        set.insert(text.clone(), None);
        let _ = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).send(text);
        None
    }
}

fn set_text(text: &Text) -> Result<Mask> {
    match text {
        Text::Line { text, size, width } => line(text, *size, *width),
        Text::Nobody(size) => render(
            *size,
            *size,
            r#"<g transform="scale(SIZE)"><circle cx=".5" cy=".34" r=".18"/><path d="M.14 .9a.36 .33 0 0 1 .72 0z"/></g>"#
                .replace("SIZE", &size.to_string())
                .as_str(),
        ),
    }
}

fn line(text: &str, size: u32, width: u32) -> Result<Mask> {
    let letters: Vec<char> = text.chars().collect();
    let mut kept = letters.len().min(width as usize);
    loop {
        let shown: String = if kept == letters.len() {
            text.to_owned()
        } else {
            letters[..kept].iter().collect::<String>().trim_end().to_owned() + "…"
        };
        // With room at the side, to see whether it is too wide.
        let canvas = render(
            width + 2 * size,
            size * 3 / 2,
            &format!(
                r#"<text x="0" y="{}" font-family="DejaVu Sans, Noto Sans, sans-serif" font-size="{size}">{}</text>"#,
                size * 11 / 10,
                escape(&shown)
            ),
        )?;
        let inked = trimmed(&canvas);
        if inked.width <= width || kept <= 1 {
            return Ok(inked);
        }
        kept = (kept * 9 / 10).min(kept - 1);
    }
}

/// The mask without the empty columns on both sides.
fn trimmed(mask: &Mask) -> Mask {
    let width = mask.width as usize;
    let inked = |column: usize| mask.cover.chunks_exact(width).any(|row| row[column] > 0);
    let left = (0..width).find(|column| inked(*column)).unwrap_or(0);
    let right = (left..width).rev().find(|column| inked(*column)).map_or(left, |column| column + 1);
    Mask {
        width: u32::try_from(right - left).unwrap_or(0),
        height: mask.height,
        cover: mask.cover.chunks_exact(width).flat_map(|row| &row[left..right]).copied().collect(),
    }
}

/// Draws a piece of SVG; gives what it covers.
fn render(width: u32, height: u32, content: &str) -> Result<Mask> {
    let svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" fill="white">{content}</svg>"#
    );
    let pipeline = gst::parse::launch(
        "appsrc name=in caps=image/svg+xml ! rsvgdec ! video/x-raw,format=BGRA ! appsink name=out sync=false",
    )?
    .downcast::<gst::Pipeline>()
    .ok()
    .context("not a pipeline")?;
    let input = pipeline.by_name("in").and_downcast::<gst_app::AppSrc>().context("no entry")?;
    let output = pipeline.by_name("out").and_downcast::<gst_app::AppSink>().context("no exit")?;
    pipeline.set_state(gst::State::Playing)?;
    input.push_buffer(gst::Buffer::from_slice(svg.into_bytes()))?;
    input.end_of_stream()?;
    let sample = output.try_pull_sample(PATIENCE);
    pipeline.set_state(gst::State::Null)?;
    let sample = sample.context("nothing was drawn")?;
    let map = sample.buffer().context("an empty picture")?.map_readable()?;
    anyhow::ensure!(map.len() == (width * height * 4) as usize, "a picture of another size");
    let cover = map.chunks_exact(4).map(|pixel| pixel[3]).collect();
    Ok(Mask { width, height, cover })
}

fn escape(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).fold(String::new(), |mut text, c| {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            c => text.push(c),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_drawn_and_a_long_one_is_cut() {
        gst::init().expect("GStreamer");
        let short = line("Anna <Adams> & Co", 20, 400).expect("letters");
        assert!(short.width > 100 && short.width < 300, "{} pixels wide", short.width);
        assert!(short.cover.iter().filter(|cover| **cover > 200).count() > 200);
        let long = line(&"Wolfeschlegelsteinhausen ".repeat(4), 20, 200).expect("letters");
        assert!(long.width > 150 && long.width <= 200, "{} pixels wide", long.width);
        let nobody = set_text(&Text::Nobody(100)).expect("an outline");
        assert!(nobody.cover[34 * 100 + 50] == 255 && nobody.cover[80 * 100 + 50] == 255);
    }

    #[test]
    fn letters_are_set_once() {
        gst::init().expect("GStreamer");
        let (sender, ready) = mpsc::channel();
        let letters = Letters::start(move || sender.send(()).unwrap_or_default()).expect("a thread");
        let text = Text::Line { text: "BB".into(), size: 40, width: 100 };
        assert_eq!(letters.get(text.clone()), None);
        assert_eq!(letters.get(text.clone()), None);
        ready.recv_timeout(std::time::Duration::from_secs(10)).expect("set");
        assert!(letters.get(text).is_some());
        assert!(ready.recv_timeout(std::time::Duration::from_millis(100)).is_err(), "once");
    }
}
