//! `keys`

use crate::{Answer, CommandError};
use serde_json::json;
use vigie_composition::App;

/// Makes the next key of access tokens.
pub(super) fn rotate(app: &App) -> Result<Answer, CommandError> {
    let rotation = app.rotate_access_keys()?;
    let from = rotation.signs_from.format("%Y-%m-%d %H:%M UTC");
    Ok(Answer::new(
        format!(
            "The key {} signs access tokens from {from}. Processes that do not share the folder of keys need its file before that. \
             {} old keys removed.",
            rotation.kid, rotation.removed
        ),
        json!({ "kid": rotation.kid, "signs_from": rotation.signs_from, "removed": rotation.removed }),
    ))
}
