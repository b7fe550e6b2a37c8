//! What stands on a tile besides the picture: a name, or a card for somebody who sends none.

use std::sync::Arc;

use super::{
    letters::{Letters, Text},
    paint::{Color, Mask, Paint, color_of, initials},
};
use crate::layout::Rect;

/// On tiles narrower than this a name could not be read.
const NARROWEST: u32 = 80;
/// The gap around a card, in pixels.
const GAP: u32 = 2;
/// The gap around a name, in pixels.
const MARGIN: u32 = 4;
/// Of 255 parts of the bar under a name so many are seen.
const BAR: u8 = 150;

/// Puts a card into a place: the initials, or an outline, on the color of this identity.
pub fn card(paints: &mut Vec<Paint>, letters: &Letters, rect: Rect, identity: &str, name: &str) {
    paints.push(Paint::Fill(rect.inset(GAP), color_of(identity), u8::MAX));
    let initials = initials(name);
    let size = rect.height / 3;
    let (center, middle) = (rect.x + rect.width / 2, rect.y + rect.height / 2);
    if initials.is_empty() {
        let size = size * 2;
        if let Some(mask) = letters.get(Text::Nobody(size)) {
            paints.push(Paint::Letters(center - size / 2, middle - size / 2, mask));
        }
    } else if let Some(mask) = letters.get(Text::Line { text: initials, size, width: rect.width }) {
        // The middle of a capital letter is a little lower than that of its line.
        paints.push(Paint::Letters(center.saturating_sub(mask.width / 2), middle - size * 11 / 15, mask));
    }
}

/// Puts a name into the lower left corner of a place.
pub fn label(paints: &mut Vec<Paint>, letters: &Letters, rect: Rect, name: &str) {
    let name = name.trim();
    if name.is_empty() || rect.width < NARROWEST {
        return;
    }
    let size = (rect.height / 16).clamp(11, 24);
    let width = rect.width - 2 * MARGIN - size;
    if let Some(mask) = letters.get(Text::Line { text: name.to_owned(), size, width }) {
        bar(paints, rect, size, mask);
    }
}

fn bar(paints: &mut Vec<Paint>, rect: Rect, size: u32, mask: Arc<Mask>) {
    let (width, height) = ((mask.width + size).next_multiple_of(2), mask.height.next_multiple_of(2));
    let bar = Rect { x: rect.x + MARGIN, y: rect.y + rect.height - MARGIN - height, width, height };
    paints.push(Paint::Fill(bar, Color::BLACK, BAR));
    paints.push(Paint::Letters(bar.x + size / 2, bar.y, mask));
}
