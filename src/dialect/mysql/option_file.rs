//! Option files: `/etc/my.cnf`, `/etc/mysql/my.cnf` and `~/.my.cnf`, with what they include.
//!
//! The format is that of the MySQL manual, "Using Option Files". Options that are not about connecting are passed over:
//! the files belong to all clients. `~/.mylogin.cnf` is not read.

use std::io;
use std::path::{Path, PathBuf};

use super::super::Error;
use super::settings::Settings;

/// Includes may nest this deep; deeper ones can only be a circle.
const DEEPEST: usize = 10;

/// The machine that the tool runs on, as far as addresses depend on it.
pub(super) trait Machine {
    /// An environment variable; `None` also if it is empty.
    fn variable(&self, name: &str) -> Option<String>;
    /// A file's text.
    fn read_file(&self, path: &Path) -> io::Result<String>;
    /// The files in a folder.
    fn list_folder(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
    /// Whether something is there.
    fn exists(&self, path: &Path) -> bool;
}

/// The real machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct ThisMachine;

impl Machine for ThisMachine {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn read_file(&self, path: &Path) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
    }

    fn list_folder(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

/// Reads all option files; the later ones win.
///
/// # Errors
///
/// An option that cannot be understood. Files that are missing or may not be read are passed over, as by MySQL's
/// clients.
pub(super) fn read(machine: &dyn Machine, groups: &[&str]) -> Result<Settings, Error> {
    let mut reader = Reader {
        machine,
        groups,
        settings: Settings::default(),
    };
    let home = machine.variable("HOME").or_else(|| machine.variable("USERPROFILE"));
    let paths = [
        Some(PathBuf::from("/etc/my.cnf")),
        Some(PathBuf::from("/etc/mysql/my.cnf")),
    ]
    .into_iter()
    .chain([home.map(|home| Path::new(&home).join(".my.cnf"))])
    .flatten();
    for path in paths {
        reader.file(&path, 0)?;
    }
    Ok(reader.settings)
}

struct Reader<'a> {
    machine: &'a dyn Machine,
    groups: &'a [&'a str],
    settings: Settings,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, depth: usize) -> Result<(), Error> {
        let Ok(text) = self.machine.read_file(path) else {
            return Ok(());
        };
        let fault = |line: usize, reason: &str| Error::File {
            source_name: path.display().to_string(),
            reason: format!("line {}: {reason}", line + 1),
        };
        let mut wanted = false;
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(directive) = line.strip_prefix('!') {
                if depth == DEEPEST {
                    return Err(fault(at, "the files include each other without end"));
                }
                self.include(directive, path, depth)?;
            } else if let Some(group) = line.strip_prefix('[') {
                let group = group.split(']').next().unwrap_or_default().trim();
                wanted = self.groups.contains(&group);
            } else if wanted {
                let (name, value) = option(line);
                self.settings
                    .apply(&name, value.as_deref())
                    .map_err(|reason| fault(at, &reason))?;
            }
        }
        Ok(())
    }

    fn include(&mut self, directive: &str, from: &Path, depth: usize) -> Result<(), Error> {
        let near = |path: &str| {
            let folder = from.parent().unwrap_or_else(|| Path::new(""));
            folder.join(path.trim())
        };
        if let Some(folder) = directive.strip_prefix("includedir") {
            let mut files = self.machine.list_folder(&near(folder)).unwrap_or_default();
            files.retain(|file| file.extension().is_some_and(|extension| extension == "cnf"));
            files.sort();
            for file in files {
                self.file(&file, depth + 1)?;
            }
        } else if let Some(file) = directive.strip_prefix("include") {
            self.file(&near(file), depth + 1)?;
        }
        Ok(())
    }
}

/// The name and value of a line. Quotes around a value are taken off, escapes resolved, and an unquoted `#` ends it.
fn option(line: &str) -> (String, Option<String>) {
    let line = without_comment(line);
    let Some((name, value)) = line.split_once('=') else {
        return (line.trim().to_owned(), None);
    };
    let value = value.trim();
    let bare = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    (name.trim().to_owned(), Some(unescape(bare)))
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '#') => return line.get(..at).unwrap_or(line),
            _ => {}
        }
    }
    line
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('b') => plain.push('\u{8}'),
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('s') => plain.push(' '),
            Some('\\') | None => plain.push('\\'),
            // Any other letter keeps its backslash (MySQL manual, "Using Option Files").
            Some(other) => plain.extend(['\\', other]),
        }
    }
    plain
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use secrecy::ExposeSecret;

    use super::*;

    /// A machine that exists only in a test.
    #[derive(Default)]
    pub(in super::super) struct Imagined {
        pub(in super::super) variables: BTreeMap<&'static str, &'static str>,
        pub(in super::super) files: BTreeMap<&'static str, &'static str>,
    }

    impl Machine for Imagined {
        fn variable(&self, name: &str) -> Option<String> {
            self.variables.get(name).map(|value| (*value).to_owned())
        }

        fn read_file(&self, path: &Path) -> io::Result<String> {
            let text = path.to_str().and_then(|path| self.files.get(path));
            text.map(|text| (*text).to_owned())
                .ok_or(io::ErrorKind::NotFound.into())
        }

        fn list_folder(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
            let inside = |file: &PathBuf| file.parent() == Some(path);
            Ok(self.files.keys().rev().map(PathBuf::from).filter(inside).collect())
        }

        fn exists(&self, path: &Path) -> bool {
            path.to_str().is_some_and(|path| self.files.contains_key(path))
        }
    }

    fn read_home(text: &'static str) -> Result<Settings, Error> {
        let machine = Imagined {
            variables: BTreeMap::from([("HOME", "/home/ann")]),
            files: BTreeMap::from([("/home/ann/.my.cnf", text)]),
        };
        read(&machine, &["client"])
    }

    fn password(settings: &Settings) -> Option<&str> {
        settings.password.as_ref().map(ExposeSecret::expose_secret)
    }

    #[test]
    fn only_the_wanted_groups_count() -> Result<(), Error> {
        let settings = read_home(
            "user=early\n[mysqld]\nuser=mysql\n[client]\n# a comment\n; another\nuser = ann \nport=3307\n\
             no-auto-rehash\n[mysqldump]\nuser=dump\n",
        )?;
        assert_eq!(settings.user.as_deref(), Some("ann"));
        assert_eq!(settings.port, Some(3307));
        Ok(())
    }

    #[test]
    fn values_lose_their_quotes_comments_and_escapes() {
        let cases = [
            ("password=plain", "plain"),
            ("password = 'a#b' # the rest", "a#b"),
            ("password=\"two words\"", "two words"),
            ("password=tail#comment", "tail"),
            (r"password=a\sb\\c\qd", r"a b\c\qd"),
            (r#"password="quo\"te#d""#, r#"quo\"te#d"#),
            ("password=", ""),
            ("password='", "'"),
        ];
        for (line, expected) in cases {
            let (name, value) = option(line);
            assert_eq!(
                (name.as_str(), value.as_deref()),
                ("password", Some(expected)),
                "{line}"
            );
        }
        assert_eq!(option("password"), ("password".to_owned(), None));
    }

    #[test]
    fn later_files_win_and_includes_are_followed_in_order() -> Result<(), Error> {
        let machine = Imagined {
            variables: BTreeMap::from([("HOME", "/home/ann")]),
            files: BTreeMap::from([
                (
                    "/etc/mysql/my.cnf",
                    "[client]\nuser=etc\nport=1\n!includedir conf.d\n!include /gone.cnf\n",
                ),
                ("/etc/mysql/conf.d/b.cnf", "[client]\nhost=b\n"),
                ("/etc/mysql/conf.d/a.cnf", "[client]\nhost=a\nsocket=/a.sock\n"),
                ("/etc/mysql/conf.d/c.txt", "[client]\nhost=c\n"),
                (
                    "/home/ann/.my.cnf",
                    "[client]\nuser=ann\n[client-mariadb]\npassword=m\n",
                ),
            ]),
        };
        let settings = read(&machine, &["client", "client-mariadb"])?;
        assert_eq!(settings.user.as_deref(), Some("ann"));
        assert_eq!(settings.host.as_deref(), Some("b"));
        assert_eq!(settings.socket, Some(PathBuf::from("/a.sock")));
        assert_eq!(settings.port, Some(1));
        assert_eq!(password(&settings), Some("m"));
        Ok(())
    }

    #[test]
    fn files_that_include_each_other_are_refused() {
        let refusal = read_home("!include .my.cnf\n").err().map(|error| error.to_string());
        assert_eq!(
            refusal.as_deref(),
            Some("cannot read /home/ann/.my.cnf: line 1: the files include each other without end")
        );
    }

    #[test]
    fn a_bad_value_is_told_with_its_line() {
        let refusal = read_home("[client]\n\nport=none\n")
            .err()
            .map(|error| error.to_string());
        assert_eq!(
            refusal.as_deref(),
            Some("cannot read /home/ann/.my.cnf: line 3: the port `none` is not a number from 0 to 65535")
        );
    }
}
