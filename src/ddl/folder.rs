//! A folder of migrations, as the tools that run them order it.
//!
//! Known are golang-migrate, sqlx, diesel and Prisma (a file for each direction, or one direction), Flyway (versions and
//! repeatable ones), dbmate, goose, sql-migrate and node-pg-migrate (both directions in one file), Rails'
//! `structure.sql`, and any folder of `.sql` files that are applied in the order of their names.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use super::SourceFile;
use crate::schema::Note;

/// Why a folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or a file in it cannot be read.
    #[error("reading {path}: {error}")]
    Io {
        /// The folder or file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file is no SQL text.
    #[error("{0}")]
    NoText(String),
    /// There is nothing to read.
    #[error("{0} holds no .sql files: name the folder that has the migrations themselves")]
    Empty(String),
}

/// The files of a folder in the order in which they are applied, each with only what goes up; and notes on what they
/// are written in.
///
/// # Errors
///
/// See [`Error`].
pub fn read(folder: &Path) -> Result<(Vec<SourceFile>, Vec<Note>), Error> {
    let mut files = Vec::new();
    let mut notes = Vec::new();
    for path in ordered(folder)? {
        let name = path.display().to_string();
        let bytes = std::fs::read(&path).map_err(|error| Error::Io {
            path: name.clone(),
            error,
        })?;
        let (mut file, note) = SourceFile::from_bytes(&name, bytes).map_err(Error::NoText)?;
        file.text = up_part(&file.text).unwrap_or(file.text);
        files.push(file);
        notes.extend(note);
    }
    if files.is_empty() {
        return Err(Error::Empty(folder.display().to_string()));
    }
    Ok((files, notes))
}

/// The paths in order.
fn ordered(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = list(folder)?;
    let structure = folder.join("structure.sql");
    if entries.contains(&structure) {
        return Ok(vec![structure]);
    }
    let mut steps: Vec<(Step, PathBuf)> = Vec::new();
    for path in entries {
        if path.is_dir() {
            // Prisma and diesel: a folder for each migration, named by its time.
            let inside = ["migration.sql", "up.sql"].map(|name| path.join(name));
            let found = inside.into_iter().find(|path| path.is_file());
            let name = file_name(&path);
            steps.extend(found.map(|path| (Step::Plain(name), path)));
        } else {
            let name = file_name(&path);
            steps.extend(Step::of(&name).map(|step| (step, path)));
        }
    }
    drop_before_baseline(&mut steps);
    steps.sort_by(|(left, _), (right, _)| left.compare(right));
    Ok(steps.into_iter().map(|(_, path)| path).collect())
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::Io {
        path: folder.display().to_string(),
        error,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a file's name says of its place in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// By number, if it starts with one, and then by name.
    Plain(String),
    /// Flyway's `V2.1__name.sql`.
    Version(Vec<u64>),
    /// Flyway's `B2__name.sql`: stands for all versions up to it.
    Baseline(Vec<u64>),
    /// Flyway's `R__name.sql`, after all others.
    Repeatable(String),
}

impl Step {
    /// `None` for what is no migration, and for those that go down.
    fn of(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".sql").or_else(|| name.strip_suffix(".SQL"))?;
        let last = stem.rsplit(['.', '_']).next().unwrap_or(stem);
        if ["down", "undo"].contains(&last) {
            return None;
        }
        if let Some((head, _)) = stem.split_once("__") {
            let mut letters = head.chars();
            let kind = letters.next();
            let version = versions(letters.as_str());
            match (kind, version) {
                (Some('V'), Some(version)) => return Some(Self::Version(version)),
                (Some('B'), Some(version)) => return Some(Self::Baseline(version)),
                (Some('U'), Some(_)) => return None,
                (Some('R'), _) if head == "R" => return Some(Self::Repeatable(name.to_owned())),
                _ => {}
            }
        }
        Some(Self::Plain(name.to_owned()))
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Plain(left), Self::Plain(right)) => number(left).cmp(&number(right)).then_with(|| left.cmp(right)),
            (Self::Repeatable(left), Self::Repeatable(right)) => left.cmp(right),
            (Self::Version(left) | Self::Baseline(left), Self::Version(right) | Self::Baseline(right)) => {
                left.cmp(right)
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Plain(_) => 0,
            Self::Version(_) | Self::Baseline(_) => 1,
            Self::Repeatable(_) => 2,
        }
    }
}

/// `2.1` and `2_1`; trailing zeros say nothing.
fn versions(text: &str) -> Option<Vec<u64>> {
    let mut numbers = text
        .split(['.', '_'])
        .map(|number| number.parse().ok())
        .collect::<Option<Vec<u64>>>()?;
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

/// The number that a name starts with: golang-migrate orders by it, and not by the digits. Names without one come last.
fn number(name: &str) -> (bool, u128) {
    let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
    let number = digits.parse();
    (number.is_err(), number.unwrap_or(0))
}

/// Of Flyway's versions only the last baseline and what follows it is applied.
fn drop_before_baseline(steps: &mut Vec<(Step, PathBuf)>) {
    let last = steps
        .iter()
        .filter_map(|(step, _)| match step {
            Step::Baseline(version) => Some(version.clone()),
            _ => None,
        })
        .max();
    let Some(last) = last else { return };
    steps.retain(|(step, _)| match step {
        Step::Version(version) => *version > last,
        Step::Baseline(version) => *version == last,
        _ => true,
    });
}

/// The text with all lines blank that go down; `None` where it has no part that does. Lines keep their numbers.
fn up_part(text: &str) -> Option<String> {
    let mut goes_up = true;
    let mut has_down = false;
    let mut part = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match direction(line) {
            Some(up) => {
                goes_up = up;
                has_down |= !up;
            }
            None if goes_up => part.push_str(line),
            None => {}
        }
        if direction(line).is_some() || !goes_up {
            part.extend(line.ends_with('\n').then_some('\n'));
        }
    }
    has_down.then_some(part)
}

/// Whether a line is a mark that what follows goes up (true) or down.
fn direction(line: &str) -> Option<bool> {
    let comment = line.trim().strip_prefix("--")?.trim().to_ascii_lowercase();
    let starts = |marks: [&str; 4]| {
        marks.iter().any(|mark| {
            comment
                .strip_prefix(mark)
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        })
    };
    if starts(["migrate:up", "+goose up", "+migrate up", "up migration"]) {
        Some(true)
    } else if starts(["migrate:down", "+goose down", "+migrate down", "down migration"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes files and folders of these names, and gives the order in which they are read.
    fn check(names: &[&str], expected: &[&str]) {
        let folder = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("made");
            std::fs::write(&path, "SELECT 1;").expect("written");
        }
        let (files, notes) = read(folder.path()).expect("read");
        let start = format!("{}/", folder.path().display());
        let found: Vec<&str> = files.iter().filter_map(|file| file.name.strip_prefix(&start)).collect();
        assert_eq!(found, expected);
        assert!(notes.is_empty());
    }

    #[test]
    fn folders_are_ordered_as_their_tools_do() {
        check(&["b.sql", "a.sql", "README.md"], &["a.sql", "b.sql"]);
        check(
            &[
                "10_c.up.sql",
                "10_c.down.sql",
                "2_b.up.sql",
                "1_a.up.sql",
                "1_a.down.sql",
            ],
            &["1_a.up.sql", "2_b.up.sql", "10_c.up.sql"],
        );
        check(
            &[
                "R__views.sql",
                "V10__d.sql",
                "V2.1__c.sql",
                "V2__b.sql",
                "V1_5__a.sql",
                "U2__b.sql",
            ],
            &["V1_5__a.sql", "V2__b.sql", "V2.1__c.sql", "V10__d.sql", "R__views.sql"],
        );
        check(
            &["V1__a.sql", "B2__base.sql", "V2__b.sql", "V3__c.sql"],
            &["B2__base.sql", "V3__c.sql"],
        );
        check(
            &[
                "20240102_b/migration.sql",
                "20240101_a/migration.sql",
                "migration_lock.toml",
            ],
            &["20240101_a/migration.sql", "20240102_b/migration.sql"],
        );
        check(
            &["2024_b/up.sql", "2024_b/down.sql", "2023_a/up.sql"],
            &["2023_a/up.sql", "2024_b/up.sql"],
        );
        check(&["structure.sql", "seeds.sql", "migrate/1_a.sql"], &["structure.sql"]);
    }

    #[test]
    fn what_goes_down_is_blank() {
        for (up, down) in [
            ("-- migrate:up", "-- migrate:down transaction:false"),
            ("-- +goose Up", "-- +goose Down"),
            ("-- +migrate Up", "--+migrate Down"),
            ("-- Up Migration", "-- Down Migration"),
        ] {
            let text = format!("-- x\n{up}\nCREATE TABLE a (id int);\n{down}\nDROP TABLE a;\n");
            assert_eq!(
                up_part(&text).as_deref(),
                Some("-- x\n\nCREATE TABLE a (id int);\n\n\n"),
                "{up}"
            );
        }
        assert_eq!(up_part("CREATE TABLE a (id int); -- downtown"), None);
    }

    #[test]
    fn an_empty_folder_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(read(folder.path()).is_err_and(|error| error.to_string().contains("no .sql files")));
        assert!(read(&folder.path().join("missing")).is_err());
    }
}
