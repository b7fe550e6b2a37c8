//! Pure rules of organizations.

/// Makes a short name for addresses of a name: lower-case ASCII letters and digits with single hyphens between,
/// at most 50 characters, and `org` when nothing is left.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= 50 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "org".to_owned() } else { slug.to_owned() }
}

/// Whether a given short name has the right form.
pub fn is_slug(slug: &str) -> bool {
    (1..=63).contains(&slug.len())
        && !slug.starts_with('-')
        && !slug.ends_with('-')
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_made_of_any_name() {
        assert_eq!(slug_of("Umoja Savings Group"), "umoja-savings-group");
        assert_eq!(slug_of("  Ärzte & Co. "), "rzte-co");
        assert_eq!(slug_of("日本"), "org");
        for name in ["Umoja", "--", "a".repeat(200).as_str(), "x y"] {
            assert!(is_slug(&slug_of(name)), "{name}");
        }
        assert!(!is_slug("-a") && !is_slug("A") && !is_slug(""));
    }
}
