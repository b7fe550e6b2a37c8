//! Pure rules of guests.

/// Longest name that a guest may give, in characters.
pub const LONGEST_NAME: usize = 60;

/// What stands behind every guest's name, wherever it is shown, so that nobody takes a guest for a member.
const MARK: &str = " (guest)";

/// The name under which a guest is shown: without what cannot be seen or turns the direction of writing, without
/// brackets (so that the mark cannot be imitated, and no other one put in its place), in one line, and with the mark.
/// `None` when nothing to read is left, or it is too long.
pub fn shown_name(given: &str) -> Option<String> {
    let visible: String = given
        .chars()
        .map(|letter| if letter.is_whitespace() { ' ' } else { letter })
        .filter(|letter| is_plain(*letter))
        .collect();
    let name = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = name.chars().count() <= LONGEST_NAME && name.chars().any(char::is_alphanumeric);
    fits.then(|| name + MARK)
}

fn is_plain(letter: char) -> bool {
    let invisible = matches!(
        letter,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}'
            | '\u{e000}'..='\u{f8ff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}'
    );
    let bracket = "()[]{}<>⟨⟩（）［］｛｝＜＞❨❩⦅⦆⸨⸩﹙﹚⁽⁾₍₎".contains(letter);
    !invisible && !bracket && !letter.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guest_is_marked_and_no_name_hides_it() {
        let shown = |given: &str| shown_name(given).unwrap_or_default();
        assert_eq!(shown("  Amina \t Wanjiru\n"), "Amina Wanjiru (guest)");
        assert_eq!(shown("Amina (host)"), "Amina host (guest)");
        assert_eq!(shown("Amina (guest)"), "Amina guest (guest)");
        assert_eq!(shown("Ann\u{202e}nimA\u{200b}\u{feff}\u{e0041}"), "AnnnimA (guest)");
        assert_eq!(shown("<b>Ann</b>"), "bAnn/b (guest)");
        assert_eq!(shown("日本"), "日本 (guest)");
        for nothing in ["", "  ", "\u{200b}\u{2060}", "()", "...", "\0", "\u{3164}"] {
            assert_eq!(shown_name(nothing), None, "{nothing:?}");
        }
        assert_eq!(shown_name(&"x".repeat(61)), None);
        assert!(shown_name(&"x".repeat(60)).is_some());
    }
}
