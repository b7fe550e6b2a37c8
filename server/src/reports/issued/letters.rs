//! The letters of reports: how wide text is, and how it is drawn.

use std::ops::Range;

use anyhow::Context;
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::BidiInfo;

/// The regular letters (DejaVu Sans: Latin, Greek, Cyrillic, Arabic and more).
const REGULAR: &[u8] = include_bytes!("fonts/DejaVuSans.ttf");
/// The bold ones.
const BOLD: &[u8] = include_bytes!("fonts/DejaVuSans-Bold.ttf");

/// A font.
pub struct Letters {
    /// The file.
    pub file: &'static [u8],
    /// What stands in it.
    pub face: Face<'static>,
}

/// A drawn letter, or several drawn as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyph {
    /// Its number in the font.
    pub id: u16,
    /// Where in the text its letters begin, in bytes.
    pub cluster: usize,
    /// How far it goes, in units of the font.
    pub advance: i32,
}

impl Letters {
    /// The regular or the bold ones.
    ///
    /// # Errors
    /// None in practice: the fonts are part of the program.
    pub fn load(bold: bool) -> anyhow::Result<Self> {
        let file = if bold { BOLD } else { REGULAR };
        Ok(Self { file, face: Face::from_slice(file, 0).context("the font cannot be read")? })
    }

    /// How a text is drawn, from the left to the right, whichever way it is read.
    pub fn draw(&self, text: &str) -> Vec<Glyph> {
        let read = BidiInfo::new(text, None);
        let mut glyphs = Vec::with_capacity(text.len());
        for line in &read.paragraphs {
            let (levels, parts) = read.visual_runs(line, line.range.clone());
            for part in parts {
                let from_right = levels.get(part.start).is_some_and(unicode_bidi::Level::is_rtl);
                glyphs.extend(self.draw_part(text, part, from_right));
            }
        }
        glyphs
    }

    /// How a part that is read in one direction is drawn.
    fn draw_part(&self, text: &str, part: Range<usize>, from_right: bool) -> Vec<Glyph> {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text[part.clone()]);
        buffer.set_direction(if from_right { Direction::RightToLeft } else { Direction::LeftToRight });
        buffer.guess_segment_properties();
        let drawn = rustybuzz::shape(&self.face, &[], buffer);
        drawn
            .glyph_infos()
            .iter()
            .zip(drawn.glyph_positions())
            .map(|(info, position)| Glyph {
                id: u16::try_from(info.glyph_id).unwrap_or_default(),
                cluster: part.start + usize::try_from(info.cluster).unwrap_or_default(),
                advance: position.x_advance,
            })
            .collect()
    }

    /// Units of the font as parts of a letter's size.
    pub fn em(&self, units: i32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "a line is short")]
        let units = units as f32;
        #[expect(clippy::cast_precision_loss, reason = "about two thousand")]
        let em = self.face.units_per_em() as f32;
        units / em
    }

    /// How wide a text is.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        self.em(self.draw(text).iter().map(|glyph| glyph.advance).sum()) * size
    }

    /// As much of a text as has room, on one line.
    pub fn fitted(&self, text: &str, size: f32, room: f32) -> String {
        let clean: String = text
            .chars()
            .map(|letter| if letter.is_control() || letter.is_whitespace() { ' ' } else { letter })
            .collect();
        if self.width(&clean, size) <= room {
            return clean;
        }
        let ends: Vec<usize> = clean.char_indices().map(|(at, _)| at).collect();
        let fits = ends.partition_point(|end| self.width(&format!("{}…", &clean[..*end]), size) <= room);
        format!("{}…", &clean[..ends[fits.saturating_sub(1)]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_cut() {
        let letters = Letters::load(false).expect("a font");
        assert_eq!(letters.fitted("Amina\nB", 9.0, 200.0), "Amina B");
        let long = "Σωκράτης ".repeat(40);
        let cut = letters.fitted(&long, 9.0, 100.0);
        assert!(cut.ends_with('…') && letters.width(&cut, 9.0) <= 100.0 && letters.width(&cut, 9.0) > 85.0);
        assert_eq!(letters.fitted("", 9.0, 1.0), "");
        assert_eq!(letters.fitted("W", 9.0, 1.0), "…");
    }

    #[test]
    fn letters_are_drawn_as_their_script_wants_it() {
        let letters = Letters::load(true).expect("a font");
        assert_eq!(letters.draw("Ab").iter().map(|glyph| glyph.cluster).collect::<Vec<_>>(), [0, 1]);
        // Read from the right, drawn from the left.
        let arabic: Vec<usize> = letters.draw("سلام").iter().map(|glyph| glyph.cluster).collect();
        assert!(arabic.is_sorted_by(|one, next| one > next), "{arabic:?}");
        // In a line that is read from the right, what is read from the left keeps its order.
        let both: Vec<usize> = letters.draw("سلام 12").iter().map(|glyph| glyph.cluster).collect();
        assert_eq!(both[..2], [9, 10]);
    }
}
