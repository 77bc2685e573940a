use super::definition::{altered, renamed};
use super::rebuild;
use crate::dialect::alteration::{Alteration, Condition};
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

fn ty(column: &str, declared: &str, collation: Option<&str>) -> Alteration {
    let condition = Condition {
        holds: "1".to_owned(),
        message: String::new(),
    };
    Alteration::Type {
        column: Ident::from(column),
        declared: declared.to_owned(),
        collation: collation.map(str::to_owned),
        fits: condition.clone(),
        comes_back: condition,
    }
}

fn adding(column: &str, declared: &str) -> Alteration {
    Alteration::AddColumn {
        column: Ident::from(column),
        declared: declared.to_owned(),
    }
}

fn dropping(column: &str) -> Alteration {
    Alteration::DropColumn {
        column: Ident::from(column),
        kept: Vec::new(),
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
    check(
        sql,
        &ty("b", "INTEGER", None),
        &sql.replace("VARCHAR(10, 2)", "INTEGER"),
    );
    check(sql, &ty("c", "INTEGER", None), &sql.replace("c NULL", "c INTEGER NULL"));
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
    assert!(rebuild(&required, &[], &[nullable("a", true)]).is_err());
    let primary = Alteration::PrimaryKey {
        name: Ident::from("pk"),
        columns: vec![Ident::from("b")],
    };
    assert!(
        rebuild(&required, &[], std::slice::from_ref(&primary)).is_err(),
        "it has one"
    );
    let mut unknown = table("CREATE TABLE t (a INT)");
    unknown.definition = None;
    assert!(rebuild(&unknown, &[], &[nullable("a", false)]).is_err());
}

#[test]
fn a_type_has_a_collation_where_it_is_to_have_one() {
    let sql = "CREATE TABLE t (a TEXT COLLATE nocase NOT NULL, b INT DEFAULT collate, c, UNIQUE (a COLLATE rtrim))";
    check(sql, &ty("a", "TEXT", Some("BINARY")), &sql.replace("nocase", "BINARY"));
    check(
        sql,
        &ty("b", "TEXT", Some("NOCASE")),
        &sql.replace("b INT", "b TEXT COLLATE NOCASE"),
    );
    check(sql, &ty("c", "TEXT", Some("BINARY")), &sql.replace("c,", "c TEXT,"));
}

#[test]
fn a_column_comes_after_the_others() {
    check(
        "CREATE TABLE t (a)",
        &adding("b", "INTEGER"),
        "CREATE TABLE t (a, \"b\" INTEGER)",
    );
    check(
        "CREATE TABLE t (\n  a INT, -- of a\n  b INT -- of b\n) STRICT",
        &adding("c", "TEXT"),
        "CREATE TABLE t (\n  a INT, -- of a\n  b INT, -- of b\n  \"c\" TEXT\n) STRICT",
    );
    check(
        "CREATE TABLE t (\n  a INT,\n  -- the key\n  UNIQUE (a)\n)",
        &adding("c", "TEXT"),
        "CREATE TABLE t (\n  a INT,\n  -- the key\n  \"c\" TEXT,\n  UNIQUE (a)\n)",
    );
    check(
        "CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES p)",
        &adding("c", "TEXT"),
        "CREATE TABLE t (a INT, \"c\" TEXT, FOREIGN KEY (a) REFERENCES p)",
    );
}

#[test]
fn a_column_goes_with_what_is_of_it_alone() {
    check(
        "CREATE TABLE t (a INT UNIQUE REFERENCES p(a), b INT)",
        &dropping("a"),
        "CREATE TABLE t ( b INT)",
    );
    check(
        "CREATE TABLE t (b INT, -- of b\n  \"A\" INT NOT NULL, -- of a\n  UNIQUE (a) ON CONFLICT IGNORE,\n  FOREIGN KEY (b) REFERENCES p \
         (a) CONSTRAINT k FOREIGN KEY (a) REFERENCES p (a) ON DELETE CASCADE)",
        &dropping("a"),
        "CREATE TABLE t (b INT -- of b\n   -- of a\n  ,\n  FOREIGN KEY (b) REFERENCES p (a))",
    );
    for sql in [
        "CREATE TABLE t (a INT)",
        "CREATE TABLE t (a INT, b INT, CHECK (\"a\" > 0))",
        "CREATE TABLE t (a INT, b INT AS (a + 1))",
        "CREATE TABLE t (a INT, b INT, UNIQUE (a, b))",
    ] {
        assert!(altered(sql, &dropping("a")).is_err(), "{sql}");
    }
}

#[test]
fn a_key_stays_a_column_when_its_type_is_another() {
    let rebuilt = |sql: &str| {
        let table = table(sql);
        let column = table.column(&Ident::from("a")).expect("it has one");
        super::retype::declared(&table, Some(column), &crate::dialect::sqlite::column_type("INTEGER"))
    };
    assert_eq!(rebuilt("CREATE TABLE t (a TEXT PRIMARY KEY)").as_deref(), Ok("INT"));
    assert_eq!(
        rebuilt("CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID").as_deref(),
        Ok("INTEGER")
    );
    assert_eq!(
        rebuilt("CREATE TABLE t (a TEXT, b, PRIMARY KEY (a, b))").as_deref(),
        Ok("INTEGER")
    );
    let strict = table("CREATE TABLE t (a TEXT) STRICT");
    let declared = |ty: &str| super::retype::declared(&strict, None, &crate::dialect::sqlite::column_type(ty));
    assert_eq!(declared("VARCHAR(20)").as_deref(), Ok("TEXT"));
    assert!(declared("NUMERIC").is_err());
}

#[test]
fn rows_are_copied_with_their_numbers_and_what_a_new_column_has_already() {
    let copying = |sql: &str, alterations: &[Alteration]| {
        let work = rebuild(&table(sql), &[], alterations).expect("it can be done");
        [work.up, work.down].map(|statements| {
            let found = statements
                .into_iter()
                .find(|statement| statement.sql.starts_with("INSERT OR ABORT"));
            found.map(|statement| statement.sql).unwrap_or_default()
        })
    };
    let sql = "CREATE TABLE t (a TEXT, b AS (1))";
    let plain = r#"INSERT OR ABORT INTO "relaudit_new_t" ("_rowid_", "a") SELECT relaudit_row."_rowid_", relaudit_row."a" FROM "t" AS relaudit_row"#;
    assert_eq!(copying(sql, &[ty("a", "INT", None)]), [plain, plain]);
    let filled = r#"INSERT OR ABORT INTO "relaudit_new_t" ("_rowid_", "a", "c") SELECT relaudit_row."_rowid_", relaudit_row."a", (SELECT "c" FROM "t" AS relaudit_same WHERE relaudit_same."_rowid_" = relaudit_row."_rowid_") FROM "t" AS relaudit_row, (SELECT NULL AS "c") AS relaudit_none"#;
    assert_eq!(copying(sql, &[adding("c", "INT")]), [filled, plain]);
}
