//! Tests of the service over HTTP, one file per slice. Requirement ids stand beside the tests that show them.

mod accounts;
mod join;
mod meetings;
mod orgs;
mod participants;
