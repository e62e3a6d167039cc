//! Reads secrets from the files that the configuration names.

use std::fs;

use crate::config::{Secret, SecretFrom};

/// The secret itself. From a file, its first line without the line end.
///
/// # Errors
/// Says which key names a file that cannot be read; never what is in it.
pub(crate) fn read(key: &str, from: &SecretFrom) -> Result<Secret, String> {
    match from {
        SecretFrom::Text(secret) => Ok(secret.clone()),
        SecretFrom::File(path) => {
            let text = fs::read_to_string(path).map_err(|error| {
                format!("{key}: {} cannot be read: {error}; create it with mode 0600", path.display())
            })?;
            Ok(Secret::new(text.lines().next().unwrap_or_default().to_owned()))
        }
    }
}
