//! Settings of an organization: what new meetings begin with, and how the organization wants to be served.

pub mod api;
pub mod model;
mod rules;
mod store;

use kernel::{db::Tx, ids::OrganizationId};

pub use model::Settings;

use crate::app::App;

/// The settings of an organization.
///
/// # Errors
/// When the database refuses or is away, or the organization is not visible.
pub async fn of(app: &App, tx: &mut Tx, org: OrganizationId) -> sqlx::Result<Settings> {
    Ok(Settings::read(&store::read(tx, org).await?, defaults(app)))
}

/// What holds where an organization has set nothing.
fn defaults(app: &App) -> Settings {
    let late_threshold_minutes = app.config.attendance.late_threshold_minutes;
    Settings {
        late_threshold_minutes: u16::try_from(late_threshold_minutes).unwrap_or(5),
        ..Settings::default()
    }
}
