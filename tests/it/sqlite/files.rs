//! Database files: odd paths, odd contents, other programs at work in them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use relaudit::dialect::{ConnectOptions, QueryFailure, sqlite};

use super::{file, query, quick, refused_file, table};

#[test]
fn a_file_is_opened_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    file(&path, "CREATE TABLE t(x); INSERT INTO t VALUES (1);");
    let before = std::fs::read(&path).unwrap();
    let opened = sqlite::open_file(&path, &quick()).unwrap();
    assert_eq!(opened.info().kind, "sqlite");
    assert_eq!(opened.info().name, path.display().to_string());
    assert!(opened.info().server.starts_with("SQLite 3."));
    let read = opened.read_schema().unwrap();
    assert_eq!(table(&read, "t").columns.len(), 1);
    let mut sessions = opened.sessions(3).unwrap();
    assert_eq!(sessions.len(), 3);
    assert_eq!(opened.sessions(0).unwrap().len(), 1);
    for session in &mut sessions {
        for sql in [
            "INSERT INTO t VALUES (2)",
            "DELETE FROM t",
            "PRAGMA user_version = 7",
            "CREATE TABLE u(x)",
        ] {
            session.begin().unwrap();
            assert!(query(session.as_mut(), sql).is_err(), "{sql}");
            session.end();
        }
        assert_eq!(query(session.as_mut(), "SELECT x FROM t").unwrap(), [["1"]]);
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn any_path_works() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<PathBuf> = [
        "a b.db",
        "a?b.db",
        "a%20b.db",
        "a#b.db",
        "file:x.db",
        "file:x.db?mode=memory",
        ":memory:",
        "größe.db",
        "'q\".db",
    ]
    .iter()
    .map(|name| folder.path().join(name))
    .collect();
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt as _;
        paths.push(folder.path().join(std::ffi::OsStr::from_bytes(b"latin-\xe9.db")));
    }
    for (number, path) in paths.iter().enumerate() {
        let plain = folder.path().join("plain.db");
        file(&plain, &format!("CREATE TABLE t{number}(x);"));
        std::fs::rename(&plain, path).unwrap();
        let opened = sqlite::open_file(path, &quick()).unwrap();
        let read = opened.read_schema().unwrap();
        table(&read, &format!("t{number}"));
        assert_eq!(read.schema.tables.len(), 1, "{}", path.display());
    }
}

#[test]
fn what_is_no_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let good = folder.path().join("good.db");
    file(&good, "CREATE TABLE t(x);");
    let mut damaged = std::fs::read(&good).unwrap();
    damaged[100..200].fill(0xff);
    for (path, said) in [
        (folder.path().join("missing.db"), "no such file"),
        (folder.path().to_path_buf(), "is a directory"),
        (at("empty.db", b""), "is empty"),
        (
            at("text.db", b"hello, this is no database at all, is it?"),
            "not a SQLite database, or it is encrypted",
        ),
        (
            at("noise.db", &[0x5a; 8192]),
            "not a SQLite database, or it is encrypted",
        ),
        (at("damaged.db", &damaged), "damaged"),
        (at("short.db", b"SQLite format 3\0"), "not a SQLite database"),
    ] {
        let text = refused_file(&path);
        assert!(text.starts_with(&format!("cannot read {}: ", path.display())), "{text}");
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn damage_that_shows_late_is_an_error_and_not_an_empty_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late.db");
    file(
        &path,
        "CREATE TABLE t(x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
         INSERT INTO t SELECT printf('%0100d', i) FROM n;",
    );
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let opened = sqlite::open_file(&path, &quick()).unwrap();
    let mut session = opened.sessions(1).unwrap().remove(0);
    session.begin().unwrap();
    let error = query(session.as_mut(), "SELECT COUNT(x) FROM t WHERE length(x) > 1").unwrap_err();
    assert_eq!(error.kind, QueryFailure::Other);
    assert!(error.detail.contains("malformed"), "{error}");
    session.end();
}

#[test]
fn a_locked_file_is_waited_for_and_then_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.db");
    file(&path, "CREATE TABLE t(x);");
    let opened = sqlite::open_file(&path, &quick()).unwrap();
    let mut session = opened.sessions(1).unwrap().remove(0);
    let writer = rusqlite::Connection::open(&path).unwrap();
    writer
        .execute_batch("BEGIN EXCLUSIVE; INSERT INTO t VALUES (1)")
        .unwrap();
    assert!(refused_file(&path).contains("locked"));
    assert_eq!(session.begin().unwrap_err().kind, QueryFailure::LockTimeout);
    session.end();
    assert!(opened.read_schema().unwrap_err().to_string().contains("lock timeout"));
    writer.execute_batch("COMMIT").unwrap();
    session.begin().unwrap();
    assert_eq!(query(session.as_mut(), "SELECT x FROM t").unwrap(), [["1"]]);
    session.end();
}

#[test]
fn a_unit_sees_one_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wal.db");
    file(
        &path,
        "PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1);",
    );
    let writer = rusqlite::Connection::open(&path).unwrap();
    let opened = sqlite::open_file(&path, &quick()).unwrap();
    let mut session = opened.sessions(1).unwrap().remove(0);
    let count = "SELECT COUNT(*) FROM t";
    session.begin().unwrap();
    writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
    assert_eq!(query(session.as_mut(), count).unwrap(), [["1"]]);
    session.end();
    session.begin().unwrap();
    assert_eq!(query(session.as_mut(), count).unwrap(), [["2"]]);
    session.end();
}

#[test]
fn a_statement_ends_when_its_time_is_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow.db");
    file(&path, "CREATE TABLE t(x);");
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) SELECT count(*) FROM n";
    let opened = sqlite::open_file(&path, &quick()).unwrap();
    let mut session = opened.sessions(1).unwrap().remove(0);
    let start = Instant::now();
    session.begin().unwrap();
    let error = query(session.as_mut(), endless).unwrap_err();
    assert_eq!(error.kind, QueryFailure::StatementTimeout);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(query(session.as_mut(), "SELECT 1").unwrap(), [["1"]]);
    session.end();
    let never = ConnectOptions {
        statement_timeout: Duration::ZERO,
        ..quick()
    };
    let opened = sqlite::open_file(&path, &never).unwrap();
    let mut session = opened.sessions(1).unwrap().remove(0);
    let long = endless.replace("1e12", "200000");
    assert_eq!(query(session.as_mut(), &long).unwrap(), [["200000"]]);
}

#[test]
fn a_virtual_table_of_an_unknown_module_hinders_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.db");
    file(
        &path,
        "CREATE TABLE t(x, y);
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING no_module(a)');",
    );
    let opened = sqlite::open_file(&path, &quick()).unwrap();
    let read = opened.read_schema().unwrap();
    assert_eq!(table(&read, "t").columns.len(), 2);
    assert!(
        read.notes
            .iter()
            .any(|note| note.message.contains("no such module: no_module")),
        "{:?}",
        read.notes
    );
}

#[test]
fn a_collation_that_only_its_program_knows_is_said_of_each_query() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collation.db");
    file(
        &path,
        "CREATE TABLE t(x TEXT); INSERT INTO t VALUES ('a'), ('b');
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE TABLE t(x TEXT COLLATE \"of its own\")';",
    );
    let opened = sqlite::open_file(&path, &quick()).unwrap();
    let read = opened.read_schema().unwrap();
    let collation = table(&read, "t").columns[0].ty.collation.clone().unwrap();
    assert_eq!((collation.name.as_str(), collation.folds), ("\"of its own\"", true));
    let mut session = opened.sessions(1).unwrap().remove(0);
    let error = query(session.as_mut(), "SELECT COUNT(*) FROM t GROUP BY x").unwrap_err();
    assert!(
        error.to_string().contains("no such collation sequence: of its own"),
        "{error}"
    );
}

/// A folder that cannot be written says the same, but not to root, who may run the tests.
#[cfg(unix)]
#[test]
fn a_wal_that_cannot_be_shared_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wal.db");
    file(&path, "PRAGMA journal_mode = WAL; CREATE TABLE t(x);");
    std::os::unix::fs::symlink("nowhere", folder.path().join("wal.db-shm")).unwrap();
    let text = refused_file(&path);
    assert!(text.contains("WAL mode") && text.contains("copy the file"), "{text}");
}

#[test]
fn a_database_in_wal_mode_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wal.db");
    file(&path, "PRAGMA journal_mode = WAL; CREATE TABLE t(x);");
    let before = std::fs::read(&path).unwrap();
    let opened = sqlite::open_file(&path, &quick()).unwrap();
    let mut session = opened.sessions(1).unwrap().remove(0);
    assert_eq!(query(session.as_mut(), "SELECT COUNT(*) FROM t").unwrap(), [["0"]]);
    drop((session, opened));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
