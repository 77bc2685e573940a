//! A table made anew with another definition, by the steps of the manual (ALTER TABLE, section 7): the new table is made under
//! another name, the rows are copied, the old table goes, the new one takes its name, indexes and triggers are made as they
//! were, and no foreign key may be broken that was not before.
//!
//! A step that is run again makes the same table again: SQL for SQLite has no way to leave out what is done. Plans make a
//! table anew once, for all that is to change, so that nothing is taken back on the way.

use std::collections::BTreeMap;

use super::definition::{altered, renamed};
use super::drop_index::text_of;
use super::guard::guard;
use super::{lock, names};
use crate::dialect::Dialect as _;
use crate::dialect::alteration::Alteration;
use crate::dialect::change::{Statement, Work};
use crate::dialect::sample_sql::sqlite_row_number;
use crate::dialect::sqlite::{Scratch, Sqlite};
use crate::schema::{Column, Ident, Table};

/// The statements that make a table anew, with all of these changes. Indexes among them are made by steps before.
pub(in crate::dialect::sqlite) fn rebuild(table: &Table, alterations: &[Alteration]) -> Result<Work, String> {
    let Some(definition) = &table.definition else {
        return Err(format!(
            "SQLite changes `{}` only by making it anew, and the text of its CREATE TABLE is not at hand: plan for the \
             database itself",
            table.name
        ));
    };
    let old = &definition.table;
    let mut new = old.clone();
    let mut known = definition.beside.clone();
    let mut going = Vec::new();
    let [mut values, mut back] = [BTreeMap::new(), BTreeMap::new()];
    for alteration in alterations {
        new = altered(&new, alteration)?;
        match alteration {
            Alteration::Index(text) => known.push(text.clone()),
            Alteration::NoIndex(name) => going.extend(text_of(table, name)),
            Alteration::Type {
                column,
                value,
                back: old_value,
                ..
            } => {
                values.insert(column, value.as_str());
                back.insert(column, old_value.as_str());
            }
            _ => {}
        }
    }
    // A table that is renamed has its name in quotes from then on.
    let new = renamed(&new, &table.name.table)?;
    let made = made(&new)?;
    verify(table, &made, alterations)?;
    let copied = sqlite_row_number(table).filter(|_| !numbered(table) && !numbered(&made));
    let staying =
        |texts: &[String]| -> Vec<String> { texts.iter().filter(|text| !going.contains(text)).cloned().collect() };
    let rebuild = |[from, to]: [&str; 2], required: &[String], beside: &[String], values: &BTreeMap<&Ident, &str>| {
        Rebuild {
            table,
            from,
            to,
            known: &known,
            beside,
            required,
            kept_in: &definition.kept_in,
            values,
            row_number: copied.as_ref(),
        }
        .statements()
    };
    Ok(Work {
        up: rebuild([old, &new], &staying(&known), &staying(&known), &values)?,
        // The undo of other steps may have taken their indexes away already.
        down: rebuild([&new, old], &staying(&definition.beside), &known, &back)?,
        locks: vec![lock(table)],
        guards: vec![
            format!(
                "`{}` has the definition, the indexes and the triggers that it had",
                table.name
            ),
            format!("as many rows of `{}` are in the new table", table.name),
            format!(
                "foreign_key_check finds nothing in `{}` that it did not find before",
                table.name
            ),
        ],
        reads_rows: true,
    })
}

/// The table that a definition makes, by SQLite's own word.
fn made(definition: &str) -> Result<Table, String> {
    let read = || {
        let mut scratch = Scratch::new()?;
        scratch.run(definition).map_err(|refusal| refusal.message)?;
        scratch.into_schema()
    };
    let read = read().map_err(|reason| format!("SQLite does not take the new definition: {reason}"))?;
    let table = read.schema.tables.into_values().next();
    table
        .filter(|table| table.definition.as_ref().is_some_and(|kept| kept.table == definition))
        .ok_or_else(|| "SQLite keeps another definition than the one that was written".to_owned())
}

/// The new table has the old one's columns, and what was to change has changed.
fn verify(table: &Table, made: &Table, alterations: &[Alteration]) -> Result<(), String> {
    let columns = |table: &Table| -> Vec<(Ident, bool)> {
        let each = table.columns.iter();
        each.map(|column| (column.name.clone(), column.generated.is_some()))
            .collect()
    };
    let is_so = |alteration: &Alteration| match alteration {
        Alteration::ForeignKey { new: Some(key), .. } => made.foreign_keys.iter().any(|made| {
            (&made.columns, &made.parent.table, made.on_delete) == (&key.columns, &key.parent.table, key.on_delete)
        }),
        Alteration::PrimaryKey { columns, .. } => made.primary_key().is_some_and(|key| key.columns == *columns),
        Alteration::Nullable { column, nullable } => made.column(column).is_some_and(|made| made.nullable == *nullable),
        Alteration::Type { column, declared, .. } => made
            .column(column)
            .is_some_and(|made| made.ty.declared.eq_ignore_ascii_case(declared)),
        Alteration::ForeignKey { new: None, .. } | Alteration::Index(_) | Alteration::NoIndex(_) => true,
    };
    let count = |counted: &dyn Fn(&Alteration) -> bool| alterations.iter().filter(|one| counted(one)).count();
    let come = count(&|one| matches!(one, Alteration::ForeignKey { new: Some(_), .. }));
    let go = count(&|one| matches!(one, Alteration::ForeignKey { old: Some(_), .. }));
    let all_keys = made.foreign_keys.len() + go == table.foreign_keys.len() + come;
    if all_keys && columns(table) == columns(made) && table.kind == made.kind && alterations.iter().all(is_so) {
        return Ok(());
    }
    Err("its CREATE TABLE could not be changed so that SQLite takes it for what is meant: change it by hand".to_owned())
}

/// Whether a column is the row's number.
fn numbered(table: &Table) -> bool {
    table.columns.iter().any(|column| column.identity)
}

/// One way of a table: from a definition to another one.
struct Rebuild<'a> {
    table: &'a Table,
    from: &'a str,
    to: &'a str,
    /// The statements that made its indexes and triggers, and those that are to make some by then: it may have no others.
    known: &'a [String],
    /// Those of them that it has afterwards.
    beside: &'a [String],
    /// Those of them that must be there.
    required: &'a [String],
    /// SQLite's tables that have rows about it.
    kept_in: &'a [String],
    /// Columns that are not copied as they are, each with an expression over the old ones.
    values: &'a BTreeMap<&'a Ident, &'a str>,
    /// What a row's number is called, where it is no column: it is copied too.
    row_number: Option<&'a Ident>,
}

impl Rebuild<'_> {
    fn statements(&self) -> Result<Vec<Statement>, String> {
        let table = Sqlite.table_name(&self.table.name);
        let other = Ident::new(format!("relaudit_new_{}", self.table.name.table));
        let under_other_name = renamed(self.to, &other)?;
        let other = Sqlite.quote(&other);
        // References of other tables, views and triggers keep naming the table (manual, "PRAGMA legacy_alter_table").
        let mut all = plain(["PRAGMA legacy_alter_table = ON", "BEGIN IMMEDIATE"]);
        all.extend(self.as_planned());
        all.extend(plain([
            "DROP TABLE IF EXISTS temp.relaudit_broken".to_owned(),
            format!("CREATE TEMP TABLE relaudit_broken AS {}", self.broken()),
        ]));
        all.extend(self.remembering());
        all.push(Statement::plain(under_other_name));
        all.push(Statement::plain(self.copying(&table, &other, self.values)));
        all.extend(guard(
            &format!("(SELECT COUNT(*) FROM {table}) = (SELECT COUNT(*) FROM {other})"),
            &format!(
                "not all rows of {} could be copied: nothing was changed",
                self.table.name
            ),
        ));
        all.push(Statement::plain(format!("DROP TABLE {table}")));
        if renamed(self.to, &self.table.name.table)? == self.to {
            all.push(Statement::plain(format!("ALTER TABLE {other} RENAME TO {table}")));
        } else {
            // Renamed, its name would be in quotes, and not as it was written.
            all.push(Statement::plain(self.to));
            all.push(Statement::plain(self.copying(&other, &table, &BTreeMap::new())));
            all.push(Statement::plain(format!("DROP TABLE {other}")));
        }
        all.extend(self.beside.iter().map(|text| {
            if text
                .get(..14)
                .is_some_and(|start| start.eq_ignore_ascii_case("CREATE TRIGGER"))
            {
                Statement::compound(text)
            } else {
                Statement::plain(text)
            }
        }));
        all.extend(self.reminding());
        all.extend(guard(
            &format!(
                "NOT EXISTS (SELECT * FROM ({}) EXCEPT SELECT * FROM \
                 temp.relaudit_broken)",
                self.broken()
            ),
            &format!(
                "rows of {} have no parent by a foreign key that it is to have: nothing was changed; mend them, and make a \
                 new plan",
                self.table.name
            ),
        ));
        all.extend(plain([
            "DROP TABLE temp.relaudit_broken",
            "COMMIT",
            "PRAGMA legacy_alter_table = OFF",
        ]));
        Ok(all)
    }

    /// The table is as it was, or already as it is to be; and nothing hangs on it that would be lost.
    fn as_planned(&self) -> Vec<Statement> {
        let name = Sqlite.literal(self.table.name.table.as_str());
        let among = |statements: &[String]| {
            let texts: Vec<String> = statements.iter().map(|text| Sqlite.literal(text)).collect();
            format!("COUNT(CASE WHEN sql IN ({}) THEN 1 END)", texts.join(", "))
        };
        let mut all = guard(
            &format!(
                "COUNT(*) = 1 FROM main.sqlite_schema WHERE type = 'table' AND name = {name} AND sql IN ({}, {})",
                Sqlite.literal(self.from),
                Sqlite.literal(self.to)
            ),
            &format!(
                "{} is not defined as it was when the plan was made: make a new plan",
                self.table.name
            ),
        );
        all.extend(guard(
            &format!(
                "{} = {} AND {} = COUNT(*) FROM main.sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND \
                 tbl_name = {name} COLLATE NOCASE",
                among(self.required),
                self.required.len(),
                among(self.known)
            ),
            &format!(
                "{} has other indexes or triggers than the plan knows of: run the steps before this one, or make a new plan",
                self.table.name
            ),
        ));
        all
    }

    /// What foreign_key_check finds: in the table itself, and in its children where its own values change.
    fn broken(&self) -> String {
        let name = Sqlite.literal(self.table.name.table.as_str());
        let children = if self.values.is_empty() {
            String::new()
        } else {
            format!(
                " OR EXISTS (SELECT 1 FROM pragma_foreign_key_list(s.name, 'main') AS k WHERE k.\"table\" = {name} COLLATE \
                 NOCASE)"
            )
        };
        // Foreign keys have numbers that go by their order: the columns tell which one it is.
        format!(
            "SELECT v.\"table\" AS child, v.parent, v.rowid AS at_row, (SELECT group_concat(k.\"from\") FROM \
             pragma_foreign_key_list(s.name, 'main') AS k WHERE k.id = v.fkid) AS columns, COUNT(*) AS found FROM \
             main.sqlite_schema AS s JOIN pragma_foreign_key_check(s.name, 'main') AS v WHERE s.type = 'table' AND (s.name = \
             {name}{children}) GROUP BY 1, 2, 3, 4"
        )
    }

    /// Keeps what SQLite counts for a table, which goes with it.
    fn remembering(&self) -> Vec<Statement> {
        let name = Sqlite.literal(self.table.name.table.as_str());
        let each = self.kept_in.iter().flat_map(|own| {
            [
                format!("DROP TABLE IF EXISTS temp.relaudit_{own}"),
                format!(
                    "CREATE TEMP TABLE relaudit_{own} AS SELECT * FROM main.{own} WHERE {} = {name}",
                    named_in(own)
                ),
            ]
        });
        plain(each)
    }

    fn reminding(&self) -> Vec<Statement> {
        let each = self.kept_in.iter().flat_map(|own| {
            let column = named_in(own);
            [
                format!("DELETE FROM main.{own} WHERE {column} IN (SELECT {column} FROM temp.relaudit_{own})"),
                format!("INSERT INTO main.{own} SELECT * FROM temp.relaudit_{own}"),
                format!("DROP TABLE temp.relaudit_{own}"),
            ]
        });
        plain(each)
    }

    /// Copies all rows. What is computed is computed anew.
    fn copying(&self, from: &str, to: &str, values: &BTreeMap<&Ident, &str>) -> String {
        let stored = |column: &&Column| column.generated.is_none();
        let columns: Vec<&Ident> = self
            .table
            .columns
            .iter()
            .filter(stored)
            .map(|column| &column.name)
            .collect();
        let columns: Vec<&Ident> = self.row_number.into_iter().chain(columns).collect();
        let value = |column: &&Ident| {
            let new = values.get(*column);
            new.map_or_else(|| Sqlite.quote(column), |value| format!("({value})"))
        };
        let selected: Vec<String> = columns.iter().map(value).collect();
        // Without OR ABORT a constraint's own ON CONFLICT could leave rows out (manual, ON CONFLICT).
        format!(
            "INSERT OR ABORT INTO {to} ({}) SELECT {} FROM {from}",
            names(columns.iter().copied(), ""),
            selected.join(", ")
        )
    }
}

fn plain(texts: impl IntoIterator<Item = impl Into<String>>) -> Vec<Statement> {
    texts.into_iter().map(Statement::plain).collect()
}

/// The column in which one of SQLite's own tables names the table that a row is about.
fn named_in(own: &str) -> &'static str {
    if own == "sqlite_sequence" { "name" } else { "tbl" }
}
