//! Reports as files: workbooks, and PDFs that can be proved.
//!
//! Each bears a code, the hash of what it says and of the movements that it rests on, and a link to a public page. There
//! anybody learns whether a report with this code, or the very file, was issued here, and whether the record still says
//! what it said then; names are told to nobody.

pub mod api;
mod layout;
mod letters;
mod model;
mod pdf;
mod sheets;
mod store;
mod words;
mod xlsx;
