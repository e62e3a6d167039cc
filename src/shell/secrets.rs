//! Reads secrets from the files that the configuration names. Refuses a file that every user of the machine can read.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::config::{Secret, SecretFrom};

/// Longest file that is read, in bytes; a password has at most 255.
const FILE_BYTES: u64 = 4_096;
/// What a mode lets every user do.
const OTHERS: u32 = 0o007;

/// The secret itself. From a file, its first line without the line end.
///
/// # Errors
/// Says which key names a file that cannot be read, or that everybody can read; never what is in it.
pub(crate) fn read(key: &str, from: &SecretFrom) -> Result<Secret, String> {
    match from {
        SecretFrom::Text(secret) => Ok(secret.clone()),
        SecretFrom::File(path) => {
            let unread = |error: io::Error| {
                format!("{key}: {} cannot be read: {error}; create it with mode 0600", path.display())
            };
            let mut file = File::open(path).map_err(unread)?;
            refuse_if_open(key, path, &file)?;
            let mut text = String::new();
            file.by_ref().take(FILE_BYTES).read_to_string(&mut text).map_err(unread)?;
            match text.lines().next().unwrap_or_default() {
                "" => Err(format!("{key}: {} has nothing in its first line", path.display())),
                first => Ok(Secret::new(first)),
            }
        }
    }
}

/// The same for a private key, which another library reads. A file that is not there is its reader's to name.
///
/// # Errors
/// Says which key names a file that everybody can read.
pub(crate) fn closed(key: &str, path: &Path) -> Result<(), String> {
    File::open(path).map_or(Ok(()), |file| refuse_if_open(key, path, &file))
}

/// The mode of the open file, which nobody can exchange between the look and the reading. A group may read it: that is how it is given
/// to a service's own user.
fn refuse_if_open(key: &str, path: &Path, file: &File) -> Result<(), String> {
    let mode = file.metadata().map_or(0, |about| about.permissions().mode());
    if mode & OTHERS == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(format!("{key}: {path} is open to every user of this machine (mode {:04o}): chmod o= {path}", mode & 0o7777))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::path::PathBuf;

    use super::*;

    /// A file of this mode, which goes away with its test.
    struct Kept(PathBuf);

    impl Kept {
        fn new(name: &str, text: &str, mode: u32) -> Self {
            let path = std::env::temp_dir().join(format!("lockwarden-secret-{}-{name}", std::process::id()));
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            Self(path)
        }

        fn read(&self) -> Result<String, String> {
            read("mqtt.password-file", &SecretFrom::File(self.0.clone())).map(|secret| secret.expose().to_owned())
        }
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            fs::remove_file(&self.0).ok();
        }
    }

    #[test]
    fn the_first_line_of_a_file_that_others_cannot_read_is_the_secret() {
        for (mode, text) in [(0o600, "opensesame"), (0o640, "opensesame\nnote\n"), (0o400, "opensesame\r\n")] {
            assert_eq!(Kept::new("closed", text, mode).read(), Ok("opensesame".into()), "{mode:o}");
        }
    }

    #[test]
    fn a_file_that_everybody_can_read_or_change_is_refused_with_the_command_that_closes_it() {
        for mode in [0o604, 0o644, 0o602, 0o666] {
            let file = Kept::new("open", "opensesame\n", mode);
            let path = file.0.display();
            let said = format!(
                "mqtt.password-file: {path} is open to every user of this machine (mode {mode:04o}): chmod o= {path}"
            );
            assert_eq!(file.read(), Err(said.clone()));
            assert_eq!(closed("mqtt.password-file", &file.0), Err(said));
        }
    }

    #[test]
    fn a_file_without_a_password_is_refused_and_one_that_is_not_there_is_named() {
        let empty = Kept::new("empty", "\nopensesame\n", 0o600);
        assert_eq!(
            empty.read(),
            Err(format!("mqtt.password-file: {} has nothing in its first line", empty.0.display()))
        );
        let said = read("nms.community-file", &SecretFrom::File("/nowhere/nms.community".into())).unwrap_err();
        assert_eq!(
            said,
            "nms.community-file: /nowhere/nms.community cannot be read: No such file or directory (os error 2); create it with mode 0600"
        );
    }
}
