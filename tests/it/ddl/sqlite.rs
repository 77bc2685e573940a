use relaudit::ddl::SqlDialect;

use super::{check, notes, read, summary};

#[test]
fn sqlite_itself_applies_its_statements() {
    check(
        SqlDialect::Sqlite,
        "BEGIN; CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT UNIQUE); CREATE TABLE c (a_id REFERENCES a ON DELETE SET NULL);\n\
         ALTER TABLE a RENAME TO d; ALTER TABLE d RENAME id TO key; INSERT INTO d VALUES (1, 'x'); COMMIT;",
        &[
            "c: a_id ; fk -(a_id)->d(key) set null",
            "d: key INTEGER!, b TEXT; primary -(key); unique -(b); index sqlite_autoindex_d_1(b); index rowid(key)",
        ],
    );
}

#[test]
fn only_what_sqlite_refuses_is_lost() {
    let read = read(
        "CREATE TABLE a (\n  id int,\n  b int,\n  CHECK (no_such(id)),\n  CHECK (b > 0));\nCREATE INDEX i ON missing (id);\n.read other.sql\n",
        SqlDialect::Sqlite,
    );
    assert_eq!(
        summary(&read.schema),
        "a: id INT, b INT; check b > 0\n",
        "{:?}",
        read.notes
    );
    let notes = notes(&read);
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with("4:3: `CHECK (no_such(id))` is lost: no such function")),
        "{notes:?}"
    );
    assert!(notes.iter().any(|note| note.starts_with("6:1: ")), "{notes:?}");
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with("7:1: `.read other.sql` reads another file")),
        "{notes:?}"
    );
}
