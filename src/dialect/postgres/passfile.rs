//! The password file (PostgreSQL manual, 34.16 "The Password File"): who connects where with which password.

use std::fs;
use std::io;
use std::path::Path;

use secrecy::{SecretString, zeroize::Zeroizing};

/// The connection that a password is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Login<'a> {
    /// The host as the file spells it: `localhost` for the default socket folder.
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) dbname: &'a str,
    pub(super) user: &'a str,
}

/// What a password file gives.
pub(super) enum Found {
    /// The password of the first line that fits.
    Password(SecretString),
    /// There is no file, or no line fits.
    Nothing,
    /// The file was not used, and why.
    Ignored(String),
}

/// Looks for a password.
pub(super) fn look_up(file: &Path, login: Login<'_>) -> Found {
    let ignored = |reason: &str| Found::Ignored(format!("the password file {} was not used: {reason}", file.display()));
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
        Err(error) => return ignored(&error.to_string()),
        Ok(metadata) if !metadata.is_file() => return ignored("it is not a plain file"),
        // libpq does not use it either (manual, 34.16).
        Ok(metadata) if others_may_read(&metadata) => {
            return ignored("its group or others may read it; run `chmod 600` on it");
        }
        Ok(_) => {}
    }
    match fs::read(file) {
        Ok(bytes) => {
            let bytes = Zeroizing::new(bytes);
            let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
            find(&text, login).map_or(Found::Nothing, Found::Password)
        }
        Err(error) => ignored(&error.to_string()),
    }
}

/// Whether anyone but the owner may read the file. Unix only: other systems have no such bits.
pub(super) fn others_may_read(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        metadata.mode() & 0o077 != 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

fn find(text: &str, login: Login<'_>) -> Option<SecretString> {
    let port = login.port.to_string();
    let wanted = [login.host, &port, login.dbname, login.user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for value in wanted {
            let (field, is_wildcard, after) = take_field(rest);
            if !is_wildcard && *field != value {
                return None;
            }
            rest = after?;
        }
        let (password, _, _) = take_field(rest);
        (!password.is_empty()).then(|| SecretString::from(password.as_str()))
    })
}

/// One field without its escapes, whether it is a bare `*`, and what comes after its colon, if there is one.
fn take_field(text: &str) -> (Zeroizing<String>, bool, Option<&str>) {
    let mut field = Zeroizing::new(String::new());
    let mut characters = text.char_indices();
    let mut end = None;
    while let Some((at, character)) = characters.next() {
        match character {
            ':' => {
                end = Some(at);
                break;
            }
            '\\' => field.push(characters.next().map_or('\\', |(_, escaped)| escaped)),
            other => field.push(other),
        }
    }
    let raw = end.map_or(text, |at| text.get(..at).unwrap_or_default());
    (field, raw == "*", end.and_then(|at| text.get(at + 1..)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::{Found, Login, find, look_up};

    const ANN: Login<'_> = Login {
        host: "h",
        port: 5432,
        dbname: "d",
        user: "ann",
    };

    fn check(text: &str, expected: Option<&str>) {
        let found = find(text, ANN);
        assert_eq!(found.as_ref().map(ExposeSecret::expose_secret), expected, "{text}");
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        check("", None);
        check("h:5432:d:ann:one\nh:5432:d:ann:two", Some("one"));
        check("x:5432:d:ann:one\n*:*:*:*:two", Some("two"));
        check("h:5433:d:ann:one", None);
        check("h:*:d:bob:one\nh:*:*:ann:two", Some("two"));
        check("#h:5432:d:ann:one", None);
        check("h:5432:d:ann", None);
        check("h:5432:d:ann:", None);
        check("h:5432:d:ann:one\r\n", Some("one"));
    }

    #[test]
    fn backslashes_escape() {
        check(r"h:5432:d:ann:a\:b\\c", Some(r"a:b\c"));
        check(r"h:5432:\d:ann:one:more", Some("one"));
        check(r"\*:5432:d:ann:one", None);
        let odd = Login { dbname: "a:b", ..ANN };
        let found = find(r"h:5432:a\:b:ann:one", odd);
        assert_eq!(found.as_ref().map(ExposeSecret::expose_secret), Some("one"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pgpass");
        assert!(matches!(look_up(&file, ANN), Found::Nothing));
        fs::write(&file, "*:*:*:*:one").expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("set");
        let Found::Ignored(reason) = look_up(&file, ANN) else {
            panic!("used although its group may read it");
        };
        assert!(reason.contains("chmod 600"), "{reason}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
        assert!(matches!(look_up(&file, ANN), Found::Password(_)));
    }
}
