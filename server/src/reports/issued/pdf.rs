//! Writes the pages as PDF.

use std::{collections::BTreeMap, io::Write};

use anyhow::Context;
use chrono::{DateTime, Datelike, Timelike, Utc};
use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{
    Content, Date, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{ActionType, AnnotationType, CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use rustybuzz::ttf_parser::GlyphId;
use subsetter::GlyphRemapper;

use super::{
    layout::{self, Mark, PAGE},
    letters::Letters,
    model::{Proof, Sheet},
};

/// What letters are numbered by in the file.
const NUMBERING: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const ABOUT: Ref = Ref::new(3);

/// The report as PDF. Takes a while for thousands of people: not for a thread that answers requests.
///
/// # Errors
/// None in practice: what is drawn can be drawn.
pub fn write(sheet: &Sheet, proof: &Proof) -> anyhow::Result<Vec<u8>> {
    let mut next = ABOUT.next();
    let mut fonts = [Font::load(false, &mut next)?, Font::load(true, &mut next)?];
    let mut pdf = Pdf::new();
    let mut pages = Vec::new();
    for marks in layout::pages(sheet, proof)? {
        let (page, content) = (next.bump(), next.bump());
        pages.push(page);
        let links = links(&mut pdf, &mut next, &marks);
        let drawn = compressed(&draw(&marks, &mut fonts))?;
        pdf.stream(content, &drawn).filter(Filter::FlateDecode);
        let mut page = pdf.page(page);
        page.parent(PAGES)
            .media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1))
            .contents(content)
            .annotations(links);
        let mut resources = page.resources();
        let mut named = resources.fonts();
        for font in &fonts {
            named.pair(font.name, font.id);
        }
        named.finish();
        resources.finish();
    }
    for font in fonts {
        font.write(&mut pdf, &mut next)?;
    }
    let count = i32::try_from(pages.len())?;
    pdf.pages(PAGES).kids(pages).count(count);
    pdf.catalog(CATALOG).pages(PAGES).lang(TextStr(&sheet.language));
    pdf.document_info(ABOUT)
        .title(TextStr(&sheet.title))
        .creator(TextStr("Baraza"))
        .creation_date(date(sheet.issued_at));
    Ok(pdf.finish())
}

/// A font, and which of its letters are needed.
struct Font {
    name: Name<'static>,
    id: Ref,
    letters: Letters,
    used: GlyphRemapper,
    /// What each used letter says, by its number in the file.
    says: BTreeMap<u16, String>,
}

impl Font {
    fn load(bold: bool, next: &mut Ref) -> anyhow::Result<Self> {
        let name = Name(if bold { b"Bold" } else { b"Regular" });
        let (id, letters) = (next.bump(), Letters::load(bold)?);
        Ok(Self { name, id, letters, used: GlyphRemapper::new(), says: BTreeMap::new() })
    }

    /// Writes the part of the font that is used.
    fn write(self, pdf: &mut Pdf, next: &mut Ref) -> anyhow::Result<()> {
        let (cid, descriptor, map, file) = (next.bump(), next.bump(), next.bump(), next.bump());
        let face = &self.letters.face;
        let thousandths = |units: i16| self.letters.em(i32::from(units)) * 1000.0;
        let name =
            if self.name.0 == b"Bold" { Name(b"BARAZA+DejaVuSans-Bold") } else { Name(b"BARAZA+DejaVuSans") };
        pdf.type0_font(self.id)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(map);
        let mut font = pdf.cid_font(cid);
        font.subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(NUMBERING)
            .font_descriptor(descriptor)
            .cid_to_gid_map_predefined(Name(b"Identity"));
        let widths = self.used.remapped_gids().map(|id| self.letters.em(natural(&self.letters, id)) * 1000.0);
        font.widths().consecutive(0, widths);
        font.finish();
        let bounds = face.global_bounding_box();
        pdf.font_descriptor(descriptor)
            .name(name)
            .flags(FontFlags::NON_SYMBOLIC)
            .bbox(Rect::new(
                thousandths(bounds.x_min),
                thousandths(bounds.y_min),
                thousandths(bounds.x_max),
                thousandths(bounds.y_max),
            ))
            .italic_angle(0.0)
            .ascent(thousandths(face.ascender()))
            .descent(thousandths(face.descender()))
            .cap_height(thousandths(face.capital_height().unwrap_or(1493)))
            .stem_v(80.0)
            .font_file2(file);
        let mut says = UnicodeCmap::new(Name(b"Letters"), NUMBERING);
        for (id, text) in &self.says {
            says.pair_with_multiple(*id, text.chars());
        }
        let says = compressed(&says.finish())?;
        pdf.cmap(map, &says).filter(Filter::FlateDecode);
        let part = subsetter::subset(self.letters.file, 0, &self.used).context("the font cannot be cut")?;
        let part = compressed(&part)?;
        pdf.stream(file, &part).filter(Filter::FlateDecode);
        Ok(())
    }
}

/// How far a letter goes by itself.
fn natural(letters: &Letters, id: u16) -> i32 {
    letters.face.glyph_hor_advance(GlyphId(id)).map_or(0, i32::from)
}

fn draw(marks: &[Mark], fonts: &mut [Font; 2]) -> Vec<u8> {
    let mut content = Content::new();
    let ink = |content: &mut Content, (red, green, blue): layout::Color| {
        let part = |part: u8| f32::from(part) / 255.0;
        content.set_fill_rgb(part(red), part(green), part(blue));
    };
    for mark in marks {
        match mark {
            Mark::Text { at, size, bold, color, text } => {
                let font = &mut fonts[usize::from(*bold)];
                ink(&mut content, *color);
                content.begin_text().set_font(font.name, *size).next_line(at.0, PAGE.1 - at.1);
                let mut shown = content.show_positioned();
                let mut items = shown.items();
                let glyphs = font.letters.draw(text);
                for glyph in &glyphs {
                    let id = font.used.remap(glyph.id);
                    font.says.entry(id).or_insert_with(|| said(text, &glyphs, glyph.cluster));
                    items.show(Str(&id.to_be_bytes()));
                    let off = natural(&font.letters, glyph.id) - glyph.advance;
                    if off != 0 {
                        items.adjust(font.letters.em(off) * 1000.0);
                    }
                }
                items.finish();
                shown.finish();
                content.end_text();
            }
            Mark::Box { area: (x, y, wide, high), color } => {
                ink(&mut content, *color);
                content.rect(*x, PAGE.1 - y - high, *wide, *high).fill_nonzero();
            }
            Mark::Link { .. } => {}
        }
    }
    content.finish().to_vec()
}

/// The letters that are drawn together, beginning at `from`.
fn said(text: &str, glyphs: &[super::letters::Glyph], from: usize) -> String {
    let until = glyphs.iter().map(|glyph| glyph.cluster).filter(|at| *at > from).min();
    text.get(from..until.unwrap_or(text.len())).unwrap_or_default().to_owned()
}

fn links(pdf: &mut Pdf, next: &mut Ref, marks: &[Mark]) -> Vec<Ref> {
    let mut made = Vec::new();
    for mark in marks {
        if let Mark::Link { area: (x, y, wide, high), url } = mark {
            let id = next.bump();
            let mut link = pdf.annotation(id);
            link.subtype(AnnotationType::Link)
                .rect(Rect::new(*x, PAGE.1 - y - high, x + wide, PAGE.1 - y))
                .border(0.0, 0.0, 0.0, None);
            link.action().action_type(ActionType::Uri).uri(Str(url.as_bytes()));
            made.push(id);
        }
    }
    made
}

fn compressed(data: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data)?;
    encoder.finish()
}

fn date(at: DateTime<Utc>) -> Date {
    let part = |number: u32| u8::try_from(number).unwrap_or_default();
    Date::new(u16::try_from(at.year()).unwrap_or_default())
        .month(part(at.month()))
        .day(part(at.day()))
        .hour(part(at.hour()))
        .minute(part(at.minute()))
        .second(part(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::issued::layout::tests::{proof, sheet};

    #[test]
    fn any_report_becomes_a_pdf() {
        for people in [0, 30] {
            let pdf = write(&sheet(people, "en"), &proof()).expect("a PDF");
            assert!(pdf.starts_with(b"%PDF-") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
        }
    }
}
