//! What the user names as a source: told apart, and opened: live databases, and files that stand for one.

mod bytes;
mod dump;
mod file;
mod models;
mod rails;
mod script;
mod secret;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::dialect::{ConnectOptions, Database, Error, SourceInfo, mysql, postgres, sqlite};
use crate::schema::Read;
use crate::snapshot;
use secret::without_password;

pub use {dump::Dump, models::read_models};

/// What the user named.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A live PostgreSQL: a URL, or a libpq `key=value` string.
    Postgres(String),
    /// A live MySQL or MariaDB: a URL.
    Mysql(String),
    /// A SQLite file.
    SqliteFile(PathBuf),
    /// SQL text in a file, of this dialect if the user says so.
    Script(PathBuf, Option<ScriptDialect>),
    /// A folder of migrations.
    Folder(PathBuf, Option<ScriptDialect>),
    /// A schema that Rails wrote, for a database of this dialect if the user says so.
    RailsSchema(PathBuf, Option<ScriptDialect>),
    /// A snapshot of a schema.
    Snapshot(PathBuf),
    /// SQL text on standard input.
    StandardInput(Option<ScriptDialect>),
}

/// An opened source.
pub enum Opened {
    /// A database that answers.
    Database(Box<dyn Database>),
    /// Files that tell of one.
    Files(Box<Files>),
}

/// What files tell of a database.
#[derive(Debug)]
pub struct Files {
    /// What reports say of them.
    pub info: SourceInfo,
    /// The schema.
    pub read: Read,
    /// Where its rows are, if there can be any.
    pub rows: Option<Dump>,
}

/// The dialect of a script, as the user states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ScriptDialect {
    /// PostgreSQL
    Postgres,
    /// MySQL and MariaDB
    Mysql,
    /// SQLite
    Sqlite,
}

impl fmt::Debug for Target {
    /// Without passwords, and so without derive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(address) => write!(f, "Postgres({})", without_password(address)),
            Self::Mysql(address) => write!(f, "Mysql({})", without_password(address)),
            Self::SqliteFile(path) => write!(f, "SqliteFile({})", path.display()),
            Self::Script(path, dialect) => write!(f, "Script({}, {dialect:?})", path.display()),
            Self::Folder(path, dialect) => write!(f, "Folder({}, {dialect:?})", path.display()),
            Self::RailsSchema(path, dialect) => write!(f, "RailsSchema({}, {dialect:?})", path.display()),
            Self::Snapshot(path) => write!(f, "Snapshot({})", path.display()),
            Self::StandardInput(dialect) => write!(f, "StandardInput({dialect:?})"),
        }
    }
}

/// What the user means by `text`. It looks at the files that are named, and connects to nothing. `dialect` is what the
/// user says of scripts, and counts for nothing else.
///
/// # Errors
///
/// A source of no known kind, a file that is missing, and one that cannot be read.
pub fn parse(text: &str, dialect: Option<ScriptDialect>) -> Result<Target, Error> {
    if text == "-" {
        return Ok(Target::StandardInput(dialect));
    }
    if let Some(target) = server(text)? {
        return Ok(target);
    }
    if let Some(path) = sqlite_path(text) {
        return Ok(Target::SqliteFile(path));
    }
    let path = Path::new(text);
    let failed = |reason: String| Error::File {
        source_name: without_password(text),
        reason,
    };
    match path.try_exists() {
        Ok(true) => file::kind(path, dialect).map_err(failed),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(failed(error.to_string())),
        // A libpq string can be too long for a path, which is an error too.
        Ok(false) | Err(_) => not_a_file(text),
    }
}

/// Opens a source.
///
/// # Errors
///
/// See [`Error`].
pub fn open(target: &Target, options: &ConnectOptions) -> Result<Opened, Error> {
    match target {
        Target::Postgres(address) => postgres::open(address, options).map(Opened::Database),
        Target::Mysql(address) => mysql::open(address, options).map(Opened::Database),
        Target::SqliteFile(path) => sqlite::open_file(path, options).map(Opened::Database),
        Target::Script(path, dialect) => {
            let name = path.display().to_string();
            script::open(bytes::Place::File(path.clone()), name, *dialect, options)
        }
        Target::StandardInput(dialect) => {
            let place = bytes::Place::standard_input()?;
            script::open(place, "standard input".to_owned(), *dialect, options)
        }
        Target::Snapshot(path) => open_snapshot(path),
        Target::Folder(path, dialect) => script::open_folder(path, *dialect),
        Target::RailsSchema(path, dialect) => rails::open(path, *dialect),
    }
}

fn open_snapshot(path: &Path) -> Result<Opened, Error> {
    let failed = |reason: String| Error::File {
        source_name: path.display().to_string(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let (info, read) = snapshot::parse(&text).map_err(failed)?;
    Ok(Opened::Files(Box::new(Files { info, read, rows: None })))
}

impl Opened {
    /// The database, where one answers.
    pub fn database(self) -> Option<Box<dyn Database>> {
        match self {
            Self::Database(database) => Some(database),
            Self::Files(_) => None,
        }
    }
}

/// A live server, by its URL. `+driver` behind the scheme, as SQLAlchemy writes it, says nothing to us.
fn server(text: &str) -> Result<Option<Target>, Error> {
    let Some((scheme, rest)) = scheme(text) else {
        return Ok(None);
    };
    let system = scheme.split('+').next().unwrap_or("");
    let name = match system {
        "postgres" | "postgresql" => "postgres",
        "mysql" | "mariadb" | "mysql2" => "mysql",
        _ => return Ok(None),
    };
    if !rest.starts_with("//") {
        return Err(Error::Address {
            source_name: format!("{scheme}:…"),
            reason: format!("write {name}://USER@HOST/DATABASE"),
        });
    }
    Ok(Some(if name == "postgres" {
        Target::Postgres(format!("postgres:{rest}"))
    } else if system == "mariadb" {
        Target::Mysql(format!("mariadb:{rest}"))
    } else {
        Target::Mysql(format!("mysql:{rest}"))
    }))
}

/// The scheme in small letters, and what follows the colon. A single letter is a drive of Windows.
fn scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    is_scheme.then(|| (scheme.to_ascii_lowercase(), rest))
}

/// The path in `sqlite:PATH`, `sqlite://PATH` and `sqlite3:PATH`. Nothing in it is decoded.
fn sqlite_path(text: &str) -> Option<PathBuf> {
    let (scheme, rest) = scheme(text)?;
    if !["sqlite", "sqlite3"].contains(&scheme.split('+').next()?) {
        return None;
    }
    let path = rest.strip_prefix("//").unwrap_or(rest);
    // SQLAlchemy writes a relative path with three slashes and an absolute one with four.
    let relative = rest.strip_prefix("///").filter(|relative| {
        let (absolute, relative) = (Path::new(path), Path::new(relative));
        !absolute.exists() && relative.exists()
    });
    Some(relative.unwrap_or(path).into())
}

/// What is meant where no file has that name: a libpq string, or nothing that is known.
fn not_a_file(text: &str) -> Result<Target, Error> {
    let keyword = text.split_once('=').map(|(keyword, _)| keyword.trim());
    if keyword.is_some_and(|keyword| LIBPQ_KEYWORDS.contains(&keyword)) {
        return Ok(Target::Postgres(text.to_owned()));
    }
    let known = "the known ones are postgres://, postgresql://, mysql://, mariadb:// and sqlite:PATH";
    let address = |source_name: String, reason: String| Err(Error::Address { source_name, reason });
    match scheme(text) {
        Some((scheme, rest)) if scheme == "jdbc" => address(
            "jdbc:…".to_owned(),
            match self::scheme(rest) {
                Some((inner, _)) => format!("leave out `jdbc:` and write {inner}://USER@HOST/DATABASE; {known}"),
                None => known.to_owned(),
            },
        ),
        Some((scheme, _)) if scheme == "file" => address(
            without_password(text),
            "write the path without `file:`, or sqlite:PATH".to_owned(),
        ),
        Some((scheme, rest)) if rest.starts_with("//") => address(
            format!("{scheme}://…"),
            format!("relaudit does not know this kind of address; {known}"),
        ),
        _ => Err(Error::File {
            source_name: without_password(text),
            reason:
                "there is no such file; check the path, or name a server by its URL (postgres://, mysql://, mariadb://)"
                    .to_owned(),
        }),
    }
}

/// The words that a libpq string can start with (PostgreSQL 18 manual, 32.1.2 "Parameter Key Words").
const LIBPQ_KEYWORDS: [&str; 51] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::tempdir;

    use super::*;

    fn target(text: &str) -> Target {
        parse(text, None).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refused(text: &str) -> String {
        refused_as(text, None)
    }

    fn refused_as(text: &str, dialect: Option<ScriptDialect>) -> String {
        let opened = parse(text, dialect).and_then(|target| open(&target, &ConnectOptions::default()));
        opened
            .err()
            .map_or_else(|| panic!("{text} is accepted"), |error| error.to_string())
    }

    #[test]
    fn servers_are_told_by_their_scheme() {
        let postgres = |address: &str| Target::Postgres(address.to_owned());
        let mysql = |address: &str| Target::Mysql(address.to_owned());
        for (text, expected) in [
            (
                "postgres://u:p@h:1/d?sslmode=require",
                postgres("postgres://u:p@h:1/d?sslmode=require"),
            ),
            ("postgresql://h/d", postgres("postgres://h/d")),
            ("PostgreSQL://h/d", postgres("postgres://h/d")),
            ("postgresql+psycopg2://h/d", postgres("postgres://h/d")),
            ("postgres://", postgres("postgres://")),
            ("host=h dbname=d", postgres("host=h dbname=d")),
            (" user = 'a b'", postgres(" user = 'a b'")),
            ("service=shop", postgres("service=shop")),
            (
                &format!("host={}", "h".repeat(5000)),
                postgres(&format!("host={}", "h".repeat(5000))),
            ),
            ("mysql://h/d", mysql("mysql://h/d")),
            ("mysql2://h/d", mysql("mysql://h/d")),
            ("mysql+pymysql://h/d", mysql("mysql://h/d")),
            ("mariadb://h/d", mysql("mariadb://h/d")),
        ] {
            assert_eq!(target(text), expected, "{text}");
        }
    }

    #[test]
    fn sqlite_files_are_told_by_scheme_or_magic() {
        let folder = tempdir().unwrap_or_else(|error| panic!("{error}"));
        let path = folder.path().join("a%20b?c.db");
        fs::write(&path, b"SQLite format 3\0 and more").unwrap_or_else(|error| panic!("{error}"));
        let shown = path.display().to_string();
        let file = Target::SqliteFile(path.clone());
        assert_eq!(target(&shown), file);
        assert_eq!(target(&format!("sqlite:{shown}")), file);
        assert_eq!(target(&format!("sqlite://{shown}")), file);
        assert_eq!(target(&format!("SQLITE3:{shown}")), file);
        assert_eq!(
            target("sqlite:some/where.db"),
            Target::SqliteFile("some/where.db".into())
        );
        assert_eq!(
            target("sqlite://some/where.db"),
            Target::SqliteFile("some/where.db".into())
        );
        assert_eq!(target("sqlite:///Cargo.toml"), Target::SqliteFile("Cargo.toml".into()));
        assert_eq!(target("sqlite:///no/such"), Target::SqliteFile("/no/such".into()));
    }

    #[test]
    fn files_are_told_by_what_they_hold() {
        let folder = tempdir().unwrap_or_else(|error| panic!("{error}"));
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap_or_else(|error| panic!("{error}"));
            path.display().to_string()
        };
        let empty = tempdir().unwrap_or_else(|error| panic!("{error}"));
        let mut tar = vec![b'x'; 257];
        tar.extend(b"ustar\0");
        for (path, said) in [
            (file("a.dump", b"PGDMP\x01\x0e\x00"), "pg_restore --file=dump.sql"),
            (file("a.sql", b"PGDMP\x01\x0e\x00"), "pg_restore --file=dump.sql"),
            (file("a.sql.gz", &[0x1f, 0x8b, 8, 0]), "unpacking"),
            (file("a.sql.zst", &[0x28, 0xb5, 0x2f, 0xfd]), "unpacking"),
            (file("a.sql.bz2", b"BZh91AY"), "bzip2"),
            (file("a.sql.xz", &[0xfd, b'7', b'z', b'X', b'Z', 0]), "xz"),
            (file("a.zip", b"PK\x03\x04"), "zip"),
            (file("a.tar", &tar), "tar"),
            (file("schema.json", b"{}"), "no snapshot"),
            (file("empty.sql", b""), "is empty"),
            (file("blank.sql", b" \r\n"), "holds no SQL"),
            (file("wide.sql", b"\xff\xfeC\0R\0"), "UTF-16"),
            (file("latin.sql", b"SELECT 1;\n-- caf\xe9\n"), "line 2 is not UTF-8"),
            (file("binary.sql", b"SELECT 1;\nab\0c"), "line 2 holds a NUL"),
            (file("noise.sql", &[0x80, 0x00, 0xff]), "binary"),
            (file("notes.txt", b"SELECT 1;"), "add --dialect"),
            (file("shop.db", b"no database"), "not a SQLite database"),
            (empty.path().display().to_string(), "holds no .sql files"),
            (
                file("cut.sql", b"CREATE TABLE t (id serial);\nINSERT INTO t VALUES (1"),
                "line 2: the file was cut off",
            ),
        ] {
            let text = refused(&path);
            assert!(text.contains(said), "{text}");
            assert!(text.starts_with(&format!("cannot read {path}: ")), "{text}");
        }
        let script = file("good.SQL", b"\xef\xbb\xbfCREATE TABLE t(x);");
        let opened = open(&target(&script), &ConnectOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        let database = opened.database().unwrap_or_else(|| panic!("SQLite runs it"));
        assert_eq!(
            (database.info().kind, database.info().name.as_str()),
            ("sql", script.as_str())
        );
        let notes = file("notes.txt", b"CREATE TABLE t(x);");
        assert_eq!(
            parse(&notes, Some(ScriptDialect::Sqlite)).ok(),
            Some(Target::Script(notes.clone().into(), Some(ScriptDialect::Sqlite)))
        );
    }

    #[test]
    fn scripts_are_read_in_their_dialect() {
        let folder = tempdir().unwrap_or_else(|error| panic!("{error}"));
        let path = folder.path().join("a.sql");
        let opened = |text: &str, dialect| {
            fs::write(&path, text).unwrap_or_else(|error| panic!("{error}"));
            let target = parse(&path.display().to_string(), dialect).unwrap_or_else(|error| panic!("{error}"));
            match open(&target, &ConnectOptions::default()).unwrap_or_else(|error| panic!("{error}")) {
                Opened::Files(files) => (files.info.server, files.read.schema.tables.len()),
                Opened::Database(database) => (database.info().server.clone(), 0),
            }
        };
        let postgres = "CREATE TABLE t (id bigserial PRIMARY KEY);";
        assert_eq!(opened(postgres, None), ("PostgreSQL dialect".to_owned(), 1));
        let mysql = "CREATE TABLE `t` (`id` int AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;";
        assert_eq!(opened(mysql, None), ("MySQL dialect".to_owned(), 1));
        let any = "CREATE TABLE t (id int PRIMARY KEY);";
        assert_eq!(opened(any, Some(ScriptDialect::Mysql)), ("MySQL dialect".to_owned(), 1));
        assert!(opened(any, None).0.starts_with("SQLite "));
        assert_eq!(target("-"), Target::StandardInput(None));
    }

    #[test]
    fn what_is_unknown_is_told_with_what_is_known() {
        for (text, said) in [
            ("jdbc:postgresql://h/d", "leave out `jdbc:` and write postgresql://"),
            ("jdbc:nonsense", "postgres://"),
            ("mongodb://h/d", "mysql://"),
            ("postgre://h/d", "postgres://"),
            ("postgres:h/d", "write postgres://USER@HOST/DATABASE"),
            ("mysql:/h/d", "write mysql://USER@HOST/DATABASE"),
            ("file:./dev.db", "without `file:`"),
            ("nowhere/at/all.sql", "no such file"),
            ("unknown=1", "no such file"),
            ("", "no such file"),
        ] {
            let text = refused(text);
            assert!(text.contains(said), "{text}");
        }
    }

    #[test]
    fn no_password_is_ever_shown() {
        for text in [
            "postgre://me:s3cret@h/d",
            "postgres:/me:s3cret@h/d",
            "postgres:me:s3cret@h/d",
            "jdbc:postgresql://h/d?user=me&password=s3cret",
            "jdbc:mysql://me:s3cret@h/d",
            "mongodb://me:a@s3cret@h/d",
            "me:s3cret@h/d",
            "hostname=h password=s3cret",
            "hostname=h PASSWORD = 'a s3cret'",
            "server=h;pwd=s3cret",
            "file:x.db?key=1&password=s3cret",
            "password.d/x?password=s3cret",
            "://me:s3cret@h",
            ":s3cret@h",
        ] {
            let text = refused(text);
            assert!(!text.contains("s3cret"), "{text}");
        }
        for text in [
            "postgres://me:s3cret@h/d",
            "mysql://me:a/s3cret@h/d",
            "host=h password='s3cret'",
        ] {
            let shown = format!("{:?}", target(text));
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
}
