//! Pure rules of accounts.

/// Whether a text, without white space around it, is an e-mail address: its form as far as delivery does not tell
/// (RFC 5321 lengths).
pub fn is_email(email: &str) -> bool {
    let email = email.trim();
    email.len() <= 254
        && email.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len())
                && !domain.is_empty()
                && !domain.contains('@')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
        })
        && !email.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_addresses_are_told_from_other_text() {
        assert!(is_email("a@b.example") && is_email(" a+b@c ") && is_email("ä@ö.example"));
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@.b", "a\n@b"] {
            assert!(!is_email(bad), "{bad:?}");
        }
    }
}
