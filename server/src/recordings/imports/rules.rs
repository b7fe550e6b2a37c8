//! Pure rules of imports: what a file is, and why one does not come in.

/// How many bytes of its beginning say what a file is.
pub const BEGINNING: usize = 512;

/// What a file is by its first bytes, as the vault names it; `None` for what is no recording. What its server calls it
/// does not count.
pub fn kind_of(beginning: &[u8]) -> Option<&'static str> {
    match infer::get(beginning)?.mime_type() {
        "video/mp4" | "video/x-m4v" => Some("video/mp4"),
        "audio/m4a" => Some("audio/mp4"),
        "audio/ogg" | "audio/opus" => Some("audio/ogg"),
        // Matroska of other kinds begins alike and plays in no browser.
        "video/webm" if beginning.windows(4).take(64).any(|word| word == b"webm") => Some("video/webm"),
        _ => None,
    }
}

/// Why a file does not come in, in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its address leads where nothing is fetched from.
    AddressRefused,
    /// Its server refuses to hand it out.
    NotThere,
    /// Its server did not hand it out, however often it was asked.
    SourceAway,
    /// Its address leads on and on.
    TooManyRedirects,
    /// It is no recording.
    WrongType,
    /// It is larger than files may be.
    TooLarge,
    /// The organization's vault has no room for it.
    QuotaExceeded,
    /// The vault did not take it.
    VaultFailed,
}

impl Reason {
    /// As it is stored and shown.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AddressRefused => "ADDRESS_REFUSED",
            Self::NotThere => "NOT_THERE",
            Self::SourceAway => "SOURCE_AWAY",
            Self::TooManyRedirects => "TOO_MANY_REDIRECTS",
            Self::WrongType => "WRONG_TYPE",
            Self::TooLarge => "TOO_LARGE",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::VaultFailed => "VAULT_FAILED",
        }
    }

    /// One sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::AddressRefused => "The address leads into a private network.",
            Self::NotThere => "The other server does not hand the file out.",
            Self::SourceAway => "The other server did not answer, or broke off, each time it was asked.",
            Self::TooManyRedirects => "The address leads on and on.",
            Self::WrongType => "The file is no recording. MP4, WebM, M4A and Ogg can be imported.",
            Self::TooLarge => "The file is larger than files may be.",
            Self::QuotaExceeded => "The organization's vault is full.",
            Self::VaultFailed => "The recording could not be stored.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_first_bytes() {
        let mp4 = |brand: &[u8; 4]| [b"\0\0\0\x20ftyp", &brand[..], b"\0\0\0\0", &[0; 32]].concat();
        let ebml = |kind: &[u8]| {
            [b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82", kind, &[0; 32]].concat()
        };
        assert_eq!(kind_of(&mp4(b"isom")), Some("video/mp4"));
        assert_eq!(kind_of(&mp4(b"mp42")), Some("video/mp4"));
        assert_eq!(kind_of(&mp4(b"iso6")), Some("video/mp4"));
        assert_eq!(kind_of(&mp4(b"M4A ")), Some("audio/mp4"));
        assert_eq!(kind_of(&ebml(b"\x84webm")), Some("video/webm"));
        assert_eq!(kind_of(&ebml(b"\x88matroska")), None);
        assert_eq!(
            kind_of(b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0OpusHead\x01\x02"),
            Some("audio/ogg")
        );
        for other in [
            &b"<!doctype html><html>"[..],
            b"GIF89a",
            b"\x89PNG\r\n\x1a\n",
            b"%PDF-1.7",
            b"PK\x03\x04",
            b"\x7fELF",
            b"#!/bin/sh",
            b"",
            b"ftypisom",
        ] {
            assert_eq!(kind_of(other), None, "{other:?}");
        }
    }
}
