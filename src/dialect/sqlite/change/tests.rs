use super::definition::{altered, renamed};
use super::rebuild;
use crate::dialect::alteration::Alteration;
use crate::dialect::sqlite::Scratch;
use crate::schema::{Action, Deferrable, ForeignKey, Ident, Match, Origin, Table, TableName};

fn foreign_key(name: Option<&str>, column: &str, parent: &str) -> ForeignKey {
    ForeignKey {
        name: name.map(Ident::from),
        columns: vec![Ident::from(column)],
        parent: TableName::bare(parent),
        parent_columns: vec![Ident::from("id")],
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        set_columns: Vec::new(),
        match_type: Match::Simple,
        deferrable: Deferrable::No,
        validated: true,
        enforced: true,
        period: false,
        origin: Origin::Catalog,
    }
}

fn coming(key: ForeignKey) -> Alteration {
    Alteration::ForeignKey {
        old: None,
        new: Some(Box::new(key)),
    }
}

fn going(key: ForeignKey) -> Alteration {
    Alteration::ForeignKey {
        old: Some(Box::new(key)),
        new: None,
    }
}

fn nullable(column: &str, nullable: bool) -> Alteration {
    Alteration::Nullable {
        column: Ident::from(column),
        nullable,
    }
}

#[track_caller]
fn check(sql: &str, alteration: &Alteration, expected: &str) {
    assert_eq!(altered(sql, alteration).as_deref(), Ok(expected));
}

/// The table that a definition makes.
fn table(sql: &str) -> Table {
    let mut scratch = Scratch::new().expect("a database in memory");
    scratch.run(sql).expect("SQLite takes it");
    let read = scratch.into_schema().expect("the catalogue can be read");
    read.schema.tables.into_values().next().expect("one table")
}

#[test]
fn a_constraint_is_added_at_the_end() {
    let key = coming(foreign_key(Some("k"), "a", "p"));
    let text = r#"CONSTRAINT "k" FOREIGN KEY ("a") REFERENCES "p" ("id")"#;
    check(
        "CREATE TABLE t (a INT)",
        &key,
        &format!("CREATE TABLE t (a INT, {text})"),
    );
    check(
        "CREATE TABLE t (\n\ta INT -- the last\n) STRICT",
        &key,
        &format!("CREATE TABLE t (\n\ta INT, -- the last\n\t{text}\n) STRICT"),
    );
    check(
        "CREATE TABLE t (a INT /* x) */\n)",
        &key,
        &format!("CREATE TABLE t (a INT, /* x) */\n  {text}\n)"),
    );
    check(
        "CREATE TABLE t (\n  a INT CHECK (a IN (1, 2)))",
        &key,
        &format!("CREATE TABLE t (\n  a INT CHECK (a IN (1, 2)), {text})"),
    );
    let primary = Alteration::PrimaryKey {
        name: Ident::from("pk"),
        columns: vec![Ident::from("a"), Ident::from("b")],
    };
    check(
        "CREATE TABLE t (a, b)",
        &primary,
        r#"CREATE TABLE t (a, b, CONSTRAINT "pk" PRIMARY KEY ("a", "b"))"#,
    );
}

#[test]
fn a_foreign_key_is_taken_out_and_nothing_else() {
    check(
        "CREATE TABLE t (a INT REFERENCES p(id) NOT NULL, b)",
        &going(foreign_key(None, "a", "p")),
        "CREATE TABLE t (a INT NOT NULL, b)",
    );
    check(
        "CREATE TABLE t (a INT, -- of a\n  CONSTRAINT k FOREIGN KEY (A) REFERENCES P (Id) NOT DEFERRABLE, -- of k\n  UNIQUE (a))",
        &going(foreign_key(Some("k"), "a", "p")),
        "CREATE TABLE t (a INT -- of a\n  , -- of k\n  UNIQUE (a))",
    );
    check(
        "CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES q, FOREIGN KEY (a) REFERENCES p)",
        &going(foreign_key(None, "a", "p")),
        "CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES q)",
    );
    // Between constraints of a table the comma may be missing.
    check(
        "CREATE TABLE t (a INT, UNIQUE (a) FOREIGN KEY (a) REFERENCES p MATCH FULL CHECK (a > 0))",
        &going(foreign_key(None, "a", "p")),
        "CREATE TABLE t (a INT, UNIQUE (a) CHECK (a > 0))",
    );
    let missing = altered("CREATE TABLE t (a INT)", &going(foreign_key(None, "a", "p")));
    assert!(missing.is_err());
}

#[test]
fn an_action_is_changed_where_it_stands() {
    let old = ForeignKey {
        on_update: Action::Cascade,
        ..foreign_key(None, "a", "p")
    };
    let new = ForeignKey {
        on_delete: Action::SetNull,
        ..old.clone()
    };
    let change = |old: &ForeignKey, new: &ForeignKey| Alteration::ForeignKey {
        old: Some(Box::new(old.clone())),
        new: Some(Box::new(new.clone())),
    };
    check(
        "CREATE TABLE t (a REFERENCES p(id) ON UPDATE CASCADE CHECK (a))",
        &change(&old, &new),
        "CREATE TABLE t (a REFERENCES p(id) ON DELETE SET NULL ON UPDATE CASCADE CHECK (a))",
    );
    check(
        "CREATE TABLE t (a REFERENCES p on update cascade on delete /* x */ set null)",
        &change(&new, &old),
        "CREATE TABLE t (a REFERENCES p on update cascade ON DELETE NO ACTION)",
    );
}

#[test]
fn nullability_stands_at_the_column() {
    let sql = "CREATE TABLE t (\"not null\" TEXT DEFAULT NULL, b VARCHAR(10, 2) CONSTRAINT n NOT NULL ON CONFLICT FAIL UNIQUE, c NULL)";
    check(
        sql,
        &nullable("not null", false),
        &sql.replace("TEXT DEFAULT", "TEXT NOT NULL DEFAULT"),
    );
    check(
        sql,
        &nullable("B", true),
        &sql.replace(" CONSTRAINT n NOT NULL ON CONFLICT FAIL", ""),
    );
    check(sql, &nullable("c", false), &sql.replace("c NULL", "c NOT NULL"));
    let ty = |column: &str, declared: &str| Alteration::Type {
        column: Ident::from(column),
        declared: declared.to_owned(),
        value: String::new(),
        back: String::new(),
    };
    check(sql, &ty("b", "INTEGER"), &sql.replace("VARCHAR(10, 2)", "INTEGER"));
    check(sql, &ty("c", "INTEGER"), &sql.replace("c NULL", "c INTEGER NULL"));
}

#[test]
fn a_table_that_names_itself_is_left_alone() {
    let name = Ident::from("new");
    assert_eq!(
        renamed("CREATE TABLE t(a)", &name).as_deref(),
        Ok("CREATE TABLE \"new\"(a)")
    );
    assert!(renamed("CREATE TABLE t(a CHECK (t.a > 0))", &name).is_err());
    assert!(renamed("CREATE VIEW t AS SELECT 1", &name).is_err());
}

#[test]
fn what_sqlite_does_not_take_for_what_is_meant_is_refused() {
    let required = table("CREATE TABLE t (a INT, b INT, PRIMARY KEY (a)) WITHOUT ROWID");
    assert!(rebuild(&required, &[nullable("a", true)]).is_err());
    let primary = Alteration::PrimaryKey {
        name: Ident::from("pk"),
        columns: vec![Ident::from("b")],
    };
    assert!(
        rebuild(&required, std::slice::from_ref(&primary)).is_err(),
        "it has one"
    );
    let mut unknown = table("CREATE TABLE t (a INT)");
    unknown.definition = None;
    assert!(rebuild(&unknown, &[nullable("a", false)]).is_err());
}

#[test]
fn rows_are_copied_with_new_values_and_old_numbers() {
    let table = table("CREATE TABLE t (a TEXT, b AS (a))");
    let typed = Alteration::Type {
        column: Ident::from("a"),
        declared: "INT".to_owned(),
        value: "CAST(a AS INT)".to_owned(),
        back: "CAST(a AS TEXT)".to_owned(),
    };
    let work = rebuild(&table, &[typed]).expect("it can be done");
    let copying = |statements: &[crate::dialect::change::Statement]| {
        let found = statements
            .iter()
            .find(|statement| statement.sql.starts_with("INSERT OR ABORT"));
        found.map(|statement| statement.sql.clone()).unwrap_or_default()
    };
    assert_eq!(
        copying(&work.up),
        r#"INSERT OR ABORT INTO "relaudit_new_t" ("_rowid_", "a") SELECT "_rowid_", (CAST(a AS INT)) FROM "t""#
    );
    assert_eq!(
        copying(&work.down),
        r#"INSERT OR ABORT INTO "relaudit_new_t" ("_rowid_", "a") SELECT "_rowid_", (CAST(a AS TEXT)) FROM "t""#
    );
}
