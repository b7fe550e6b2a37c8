//! Pure rules of contacts: what one is, and how they stand in tables and vCards.

use std::collections::HashMap;

use calcard::vcard::{VCard, VCardProperty, VCardValue};

use crate::{
    accounts::is_email,
    table::{ImportLine, ImportStatus, Table},
};

/// Longest name, in characters.
pub const LONGEST_NAME: usize = 200;
/// Longest phone number, in characters.
pub const LONGEST_PHONE: usize = 40;
/// Longest name of a company, in characters.
pub const LONGEST_COMPANY: usize = 200;
/// Longest note, in characters.
pub const LONGEST_NOTES: usize = 2000;
/// Longest name of a group, in characters.
pub const LONGEST_GROUP: usize = 100;

/// What a line of a table, or a card, says of somebody. What is empty is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub line: u64,
    pub name: String,
    pub email: String,
    pub phone: String,
    pub company: String,
    pub notes: String,
    pub groups: Vec<String>,
}

/// Whether a text can be a phone number.
pub fn is_phone(phone: &str) -> bool {
    phone.chars().count() <= LONGEST_PHONE
        && phone.chars().filter(char::is_ascii_digit).count() >= 3
        && phone.chars().all(|letter| letter.is_ascii_digit() || "+-(). /x#*".contains(letter))
}

/// The wish, when it can be stored. A missing name is made of the address.
pub fn checked(mut wish: Wish) -> Result<Wish, ImportLine> {
    // A line break inside of quotes is white space like any other.
    for text in [&mut wish.name, &mut wish.company] {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let fail = |code, detail: &str| Err(ImportLine::failed(wish.line, &wish.email, code, detail));
    if wish.email.is_empty() && wish.phone.is_empty() {
        return fail("REQUIRED", "There is neither an e-mail address nor a phone number.");
    }
    if !wish.email.is_empty() && !is_email(&wish.email) {
        return fail("INVALID_EMAIL", "This is not an e-mail address.");
    }
    if !wish.phone.is_empty() && !is_phone(&wish.phone) {
        return fail("INVALID_PHONE", "This is not a phone number.");
    }
    if wish.name.is_empty() && wish.email.is_empty() {
        return fail("REQUIRED", "There is no name.");
    }
    let too_long = |text: &str, most: usize| text.chars().count() > most;
    if too_long(&wish.name, LONGEST_NAME)
        || too_long(&wish.company, LONGEST_COMPANY)
        || too_long(&wish.notes, LONGEST_NOTES)
        || wish.groups.iter().any(|group| too_long(group, LONGEST_GROUP))
    {
        return fail("TOO_LONG", "A name, company, note or group is too long.");
    }
    let one_line = [&wish.name, &wish.company, &wish.phone].into_iter().chain(&wish.groups);
    if one_line.into_iter().any(|text| text.chars().any(char::is_control)) || wish.notes.contains('\0') {
        return fail("INVALID", "The line contains a character that cannot be shown.");
    }
    if wish.name.is_empty() {
        wish.name = wish.email.chars().take(LONGEST_NAME).collect();
    }
    Ok(wish)
}

/// Reads a table with the columns name, email, phone, company, notes and groups (separated by `;` or `|`).
///
/// # Errors
/// When none of the columns by which somebody is reached is there.
pub fn of_table(table: &Table) -> Option<Vec<Result<Wish, ImportLine>>> {
    let (email, phone) =
        (table.column(&["email", "e-mail", "mail"]), table.column(&["phone", "telephone", "mobile"]));
    email.or(phone)?;
    let (name, company) = (table.column(&["name"]), table.column(&["company", "organization"]));
    let (notes, groups) = (table.column(&["notes", "note"]), table.column(&["groups", "group"]));
    let wishes = table.rows.iter().map(|row| {
        if row.cells.is_none() {
            let detail =
                "This line contains a character that cannot be read. Please save the table as UTF-8.";
            return Err(ImportLine::failed(row.line, "", "ENCODING", detail));
        }
        checked(Wish {
            line: row.line,
            name: row.get(name).to_owned(),
            email: row.get(email).to_owned(),
            phone: row.get(phone).to_owned(),
            company: row.get(company).to_owned(),
            notes: row.get(notes).to_owned(),
            groups: names(row.get(groups).split([';', '|'])),
        })
    });
    Some(wishes.collect())
}

/// Names without white space around them, each once, whatever its case.
fn names<'a>(from: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in from.map(str::trim).filter(|name| !name.is_empty()) {
        if !found.iter().any(|known| known.to_lowercase() == name.to_lowercase()) {
            found.push(name.to_owned());
        }
    }
    found
}

/// Reads vCards (RFC 6350, and the older 2.1 and 3.0), one after the other: a broken one harms no other.
pub fn of_cards(file: &str) -> Vec<Result<Wish, ImportLine>> {
    let mut cards: Vec<(u64, String)> = Vec::new();
    for (number, line) in (1..).zip(file.trim_start_matches('\u{feff}').lines()) {
        if line.trim().eq_ignore_ascii_case("BEGIN:VCARD") {
            cards.push((number, String::new()));
        }
        if let Some((_, card)) = cards.last_mut() {
            card.push_str(line.trim_end_matches('\r'));
            card.push_str("\r\n");
        }
    }
    cards.into_iter().map(|(line, card)| of_card(line, &card)).collect()
}

fn of_card(line: u64, card: &str) -> Result<Wish, ImportLine> {
    let ended = card.lines().any(|line| line.trim().eq_ignore_ascii_case("END:VCARD"));
    let card = VCard::parse(card)
        .ok()
        .filter(|_| ended)
        .ok_or_else(|| ImportLine::failed(line, "", "INVALID", "This card cannot be read."))?;
    let all = |property: VCardProperty| -> Vec<String> {
        card.entries
            .iter()
            .filter(|entry| entry.name == property)
            .flat_map(|entry| entry.values.iter().flat_map(texts))
            .collect()
    };
    let first = |property| all(property).into_iter().next().unwrap_or_default();
    let email = first(VCardProperty::Email);
    let phone = first(VCardProperty::Tel);
    let phone = phone.strip_prefix("tel:").unwrap_or(&phone);
    let mut name = first(VCardProperty::Fn);
    if name.is_empty() {
        // N is: family, given, additional, prefix, suffix.
        let parts = all(VCardProperty::N);
        name = parts
            .iter()
            .skip(1)
            .take(1)
            .chain(parts.first())
            .filter(|part| !part.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(" ");
    }
    let categories = all(VCardProperty::Categories);
    checked(Wish {
        line,
        name,
        email: email.strip_prefix("mailto:").unwrap_or(&email).to_owned(),
        phone: phone.to_owned(),
        company: first(VCardProperty::Org),
        notes: all(VCardProperty::Note).join("\n"),
        groups: names(categories.iter().map(String::as_str)),
    })
}

fn texts(value: &VCardValue) -> Vec<String> {
    match value {
        VCardValue::Text(text) => vec![text.trim().to_owned()],
        VCardValue::Component(parts) => parts.iter().map(|part| part.trim().to_owned()).collect(),
        VCardValue::Integer(number) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

/// By what a contact is known: the address, or number and name of whoever has none.
pub fn key(email: &str, phone: &str, name: &str) -> (String, String) {
    if email.is_empty() { (phone.to_owned(), name.to_owned()) } else { (email.to_lowercase(), String::new()) }
}

/// Takes out what a file says twice: the same is harmless, another thing about the same contact cannot be taken.
pub fn once(wishes: Vec<Wish>) -> (Vec<Wish>, Vec<ImportLine>) {
    let mut seen: HashMap<(String, String), usize> = HashMap::new();
    let (mut kept, mut others): (Vec<Wish>, Vec<ImportLine>) = (Vec::new(), Vec::new());
    for wish in wishes {
        let place = seen.entry(key(&wish.email, &wish.phone, &wish.name)).or_insert(kept.len());
        let Some(first) = kept.get(*place) else {
            kept.push(wish);
            continue;
        };
        let same = Wish { line: first.line, ..wish.clone() } == *first;
        let status = if same { ImportStatus::Unchanged } else { ImportStatus::Failed };
        let detail = format!("Line {} has this contact already.", first.line);
        others.push(ImportLine { status, ..ImportLine::failed(wish.line, &wish.email, "DUPLICATE", detail) });
    }
    (kept, others)
}

/// Somebody as they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub name: String,
    pub phone: String,
    pub company: String,
    pub notes: String,
    pub groups: Vec<String>,
}

/// What a wish comes to: new, something to change, or nothing. What a wish does not say stays.
pub fn plan(wish: &Wish, known: Option<&Known>) -> ImportStatus {
    let Some(known) = known else { return ImportStatus::Created };
    let said = |wished: &str, stored: &str| wished.is_empty() || wished == stored;
    let has =
        |group: &String| known.groups.iter().any(|stored| stored.to_lowercase() == group.to_lowercase());
    let same = said(&wish.name, &known.name)
        && said(&wish.phone, &known.phone)
        && said(&wish.company, &known.company)
        && said(&wish.notes, &known.notes)
        && wish.groups.iter().all(has);
    if same { ImportStatus::Unchanged } else { ImportStatus::Updated }
}

/// The addresses that somebody typed, separated by commas, semicolons or white space, each once; and what is none.
/// `Amina <a@b.test>` gives the address.
pub fn addresses(typed: &str) -> (Vec<String>, Vec<String>) {
    let (mut good, mut bad): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for part in typed.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        let inside = part.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
        let several: Vec<&str> =
            inside.map_or_else(|| part.split_whitespace().collect(), |inside| vec![inside.trim()]);
        let all_good = several.iter().all(|email| is_email(email));
        let found = if all_good { several } else { vec![part] };
        let list = if all_good { &mut good } else { &mut bad };
        for text in found {
            if !list.iter().any(|known| known.to_lowercase() == text.to_lowercase()) {
                list.push(text.to_owned());
            }
        }
    }
    (good, bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(found: Vec<Result<Wish, ImportLine>>) -> Vec<Wish> {
        found.into_iter().map(|wish| wish.expect("fine")).collect()
    }

    #[test]
    fn tables_and_cards_say_the_same() {
        let table = "\u{feff}Name;E-mail;Phone;Company;Notes;Groups\r\nAmina W.;a@b.test;+254 700;Umoja;\"two\nlines\";\"Board|Choir;board\"\r\n";
        let table = of_table(&Table::read(table.as_bytes()).expect("a table")).expect("columns");
        let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Amina W.\r\nEMAIL;TYPE=INTERNET:a@b.test\r\nTEL;TYPE=CELL:+254 700\r\nORG:Umoja;Sales\r\nNOTE:two\\nlines\r\nCATEGORIES:Board,Choir\r\nEND:VCARD\r\n";
        let expected = Wish {
            line: 2,
            name: "Amina W.".into(),
            email: "a@b.test".into(),
            phone: "+254 700".into(),
            company: "Umoja".into(),
            notes: "two\nlines".into(),
            groups: vec!["Board".into(), "Choir".into()],
        };
        assert_eq!(wishes(table), std::slice::from_ref(&expected));
        assert_eq!(wishes(of_cards(card)), [Wish { line: 1, ..expected }]);
    }

    #[test]
    fn a_broken_card_harms_no_other() {
        let file = "junk\nBEGIN:VCARD\nFN:Nobody to reach\nEND:VCARD\nBEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=84rzte;Otto\nTEL;CELL:+49 30 1234\nEND:VCARD\nBEGIN:VCARD\nFN:Cut off\nEMAIL:c@d.test\n";
        let found = of_cards(file);
        let told: Vec<_> = found
            .iter()
            .map(|wish| match wish {
                Ok(wish) => (wish.line, wish.name.as_str()),
                Err(line) => (line.line, line.code.unwrap_or_default()),
            })
            .collect();
        assert_eq!(told, [(2, "REQUIRED"), (5, "Otto Ärzte"), (10, "INVALID")]);
        assert!(of_cards("").is_empty() && of_cards("no cards at all").is_empty());
    }

    #[test]
    fn what_cannot_be_stored_says_so() {
        let code =
            |wish: Wish| checked(wish).map_err(|line| line.code.unwrap_or_default()).map(|wish| wish.name);
        let of = |name: &str, email: &str, phone: &str| Wish {
            name: name.into(),
            email: email.into(),
            phone: phone.into(),
            ..Wish::default()
        };
        assert_eq!(code(of("", "a@b.test", "")), Ok("a@b.test".into()));
        assert_eq!(code(of("A", "", "")), Err("REQUIRED"));
        assert_eq!(code(of("", "", "12345")), Err("REQUIRED"));
        assert_eq!(code(of("A", "a@", "")), Err("INVALID_EMAIL"));
        assert_eq!(code(of("A", "", "call me")), Err("INVALID_PHONE"));
        assert_eq!(code(of(&"x".repeat(201), "a@b.test", "")), Err("TOO_LONG"));
        assert_eq!(code(of("a\u{7}", "a@b.test", "")), Err("INVALID"));
    }

    #[test]
    fn what_is_said_twice_is_taken_once_and_what_is_not_said_stays() {
        let of = |line, name: &str, email: &str| Wish {
            line,
            name: name.into(),
            email: email.into(),
            ..Wish::default()
        };
        let (kept, others) = once(vec![
            of(2, "A", "a@b.test"),
            of(3, "A", "a@b.test"),
            of(4, "B", "A@b.test"),
            of(5, "C", "c@b.test"),
        ]);
        assert_eq!(kept.iter().map(|wish| wish.line).collect::<Vec<_>>(), [2, 5]);
        assert_eq!(
            others.iter().map(|line| (line.line, line.status)).collect::<Vec<_>>(),
            [(3, ImportStatus::Unchanged), (4, ImportStatus::Failed)]
        );
        let known =
            Known { name: "A".into(), phone: "1".into(), groups: vec!["Board".into()], ..Known::default() };
        assert_eq!(plan(&of(2, "A", "a@b.test"), None), ImportStatus::Created);
        assert_eq!(plan(&of(2, "A", "a@b.test"), Some(&known)), ImportStatus::Unchanged);
        assert_eq!(plan(&of(2, "B", "a@b.test"), Some(&known)), ImportStatus::Updated);
        let grouped = |group: &str| Wish { groups: vec![group.into()], ..of(2, "A", "a@b.test") };
        assert_eq!(plan(&grouped("BOARD"), Some(&known)), ImportStatus::Unchanged);
        assert_eq!(plan(&grouped("Choir"), Some(&known)), ImportStatus::Updated);
    }

    // PAR-12
    #[test]
    fn typed_addresses_are_validated_and_taken_once() {
        let (good, bad) =
            addresses("a@b.test, A@B.test; Amina <c@d.test>\n nonsense, e@f.test g@h.test, <x>");
        assert_eq!(good, ["a@b.test", "c@d.test", "e@f.test", "g@h.test"]);
        assert_eq!(bad, ["nonsense", "<x>"]);
    }
}
