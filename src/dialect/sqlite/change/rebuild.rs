//! A table made anew with another definition, by the steps of the manual (ALTER TABLE, section 7): the new table is made under
//! another name, the rows are copied, the old table goes, the new one takes its name, indexes and triggers are made as they
//! were, and no foreign key may be broken that was not before.
//!
//! A step that is run again makes the same table again: SQL for SQLite has no way to leave out what is done. Plans make a
//! table anew once, for all that is to change, so that nothing is taken back on the way.

use super::columns::without_column;
use super::definition::{altered, renamed};
use super::drop_index::text_of;
use super::guard::guard;
use super::{lock, names};
use crate::dialect::Dialect as _;
use crate::dialect::alteration::{Alteration, Condition};
use crate::dialect::change::{Statement, Work};
use crate::dialect::sample_sql::sqlite_row_number;
use crate::dialect::sqlite::{Scratch, Sqlite};
use crate::schema::{Ident, Table, TableKind, TableName};

/// The statements that make a table anew, with all of these changes, when the others are done. Indexes among them are made by
/// steps before, but for those on columns that are made.
pub(in crate::dialect::sqlite) fn rebuild(
    table: &Table,
    done: &[Alteration],
    alterations: &[Alteration],
) -> Result<Work, String> {
    let Some(definition) = &table.definition else {
        return Err(format!(
            "SQLite changes `{}` only by making it anew, and the text of its CREATE TABLE is not at hand: plan for the \
             database itself",
            table.name
        ));
    };
    let (separate, own): (Vec<&Alteration>, Vec<&Alteration>) = alterations
        .iter()
        .partition(|one| matches!(one, Alteration::Index { .. }) && !one.is_index_within(alterations));
    let first = Design {
        text: definition.table.clone(),
        beside: definition.beside.clone(),
    };
    let done: Vec<&Alteration> = done.iter().collect();
    let old = first.with(table, &done)?.with(table, &separate)?;
    let new = old.with(table, &own)?;
    let before = if done.iter().any(|one| one.rebuilds()) {
        made(&old.text)?
    } else {
        table.clone()
    };
    let made = made(&new.text)?;
    verify(&before, &made, alterations)?;
    let copied = sqlite_row_number(table).filter(|_| !numbered(table) && !numbered(&made));
    let rebuild = |[from, to]: [(&Table, &Design); 2], required: &[String], conditions: &[&Condition]| {
        Rebuild {
            table: &table.name,
            from,
            to,
            required,
            conditions,
            kept_in: &definition.kept_in,
            changes_values: alterations.iter().any(|one| matches!(one, Alteration::Type { .. })),
            row_number: copied.as_ref(),
        }
        .statements()
    };
    let [old, new] = [(&before, &old), (&made, &new)];
    let staying = |texts: &[String]| -> Vec<String> {
        let stay = texts.iter().filter(|text| new.1.beside.contains(text));
        stay.cloned().collect()
    };
    let is_last = alterations
        .iter()
        .any(|one| matches!(one, Alteration::DropColumn { .. }));
    let [up, down] = conditions(alterations);
    Ok(Work {
        up: rebuild([old, new], &staying(&old.1.beside), &up)?,
        // The undo of other steps may have taken their indexes away already.
        down: if is_last {
            Vec::new()
        } else {
            rebuild([new, old], &staying(&definition.beside), &down)?
        },
        locks: vec![lock(table)],
        guards: guards(table, alterations),
        reads_rows: true,
    })
}

/// What must hold of the rows before the table is made anew, and before it is made again as it was.
fn conditions(alterations: &[Alteration]) -> [Vec<&Condition>; 2] {
    let [mut up, mut down] = [Vec::new(), Vec::new()];
    for alteration in alterations {
        match alteration {
            Alteration::Type { fits, comes_back, .. } => {
                up.push(fits);
                down.push(comes_back);
            }
            Alteration::DropColumn { kept, .. } => up.extend(kept),
            _ => {}
        }
    }
    [up, down]
}

/// What the statements look at, in phrases.
fn guards(table: &Table, alterations: &[Alteration]) -> Vec<String> {
    let mut all = vec![
        format!(
            "`{}` has the definition, the indexes and the triggers that it had",
            table.name
        ),
        format!("as many rows of `{}` are in the new table", table.name),
        format!(
            "foreign_key_check finds nothing in `{}` that it did not find before",
            table.name
        ),
    ];
    all.extend(alterations.iter().filter_map(|alteration| match alteration {
        Alteration::Type { column, declared, .. } => Some(format!(
            "every value of `{column}` can be `{declared}` and comes back from it the same"
        )),
        Alteration::DropColumn { column, .. } => Some(format!(
            "everything in `{column}` is in the other table too, and no view, trigger or foreign key needs the column"
        )),
        _ => None,
    }));
    all
}

/// What makes a table, and what hangs on it.
#[derive(Clone)]
struct Design {
    /// The CREATE TABLE.
    text: String,
    /// The statements that make its indexes and triggers.
    beside: Vec<String>,
}

impl Design {
    /// The same after these changes.
    fn with(&self, table: &Table, alterations: &[&Alteration]) -> Result<Self, String> {
        let mut new = self.clone();
        for alteration in alterations {
            new.text = altered(&new.text, alteration)?;
            match alteration {
                Alteration::Index { text, .. } => new.beside.push(text.clone()),
                Alteration::NoIndex(name) => {
                    let goes = text_of(table, name);
                    new.beside.retain(|text| goes.as_ref() != Some(text));
                }
                Alteration::DropColumn { column, .. } => new.beside = without_column(table, column, &new.beside)?,
                _ => {}
            }
        }
        if alterations.iter().any(|one| one.rebuilds()) {
            // A table that is renamed has its name in quotes from then on.
            new.text = renamed(&new.text, &table.name.table)?;
        }
        Ok(new)
    }
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
fn verify(before: &Table, made: &Table, alterations: &[Alteration]) -> Result<(), String> {
    let columns = |table: &Table| -> Vec<(Ident, bool, bool)> {
        let each = table.columns.iter();
        each.map(|column| (column.name.clone(), column.generated.is_some(), column.identity))
            .collect()
    };
    let mut expected = columns(before);
    let mut keys = before.foreign_keys.len();
    for alteration in alterations {
        match alteration {
            Alteration::AddColumn { column, .. } => expected.push((column.clone(), false, false)),
            Alteration::DropColumn { column, .. } => {
                expected.retain(|(name, ..)| name != column);
                keys -= before
                    .foreign_keys
                    .iter()
                    .filter(|key| key.columns.contains(column))
                    .count();
            }
            _ => {}
        }
    }
    let is_so = |alteration: &Alteration| match alteration {
        Alteration::ForeignKey { new: Some(key), .. } => made.foreign_keys.iter().any(|made| {
            (&made.columns, &made.parent.table, made.on_delete) == (&key.columns, &key.parent.table, key.on_delete)
        }),
        Alteration::PrimaryKey { columns, .. } => made.primary_key().is_some_and(|key| key.columns == *columns),
        Alteration::Nullable { column, nullable } => made.column(column).is_some_and(|made| made.nullable == *nullable),
        Alteration::Type {
            column,
            declared,
            collation,
            ..
        } => made.column(column).is_some_and(|made| {
            let has = made.ty.collation.as_ref().map(|collation| &collation.name);
            made.ty.declared.eq_ignore_ascii_case(declared) && (collation.is_none() || has == collation.as_ref())
        }),
        Alteration::ForeignKey { new: None, .. }
        | Alteration::AddColumn { .. }
        | Alteration::DropColumn { .. }
        | Alteration::Index { .. }
        | Alteration::NoIndex(_) => true,
    };
    let count = |counted: &dyn Fn(&Alteration) -> bool| alterations.iter().filter(|one| counted(one)).count();
    let come = count(&|one| matches!(one, Alteration::ForeignKey { new: Some(_), .. }));
    let go = count(&|one| matches!(one, Alteration::ForeignKey { old: Some(_), .. }));
    let all_keys = made.foreign_keys.len() + go == keys + come;
    if all_keys && expected == columns(made) && before.kind == made.kind && alterations.iter().all(is_so) {
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
    table: &'a TableName,
    from: (&'a Table, &'a Design),
    to: (&'a Table, &'a Design),
    /// The indexes and triggers that must be there.
    required: &'a [String],
    conditions: &'a [&'a Condition],
    /// SQLite's tables that have rows about it.
    kept_in: &'a [String],
    /// Whether a foreign key of another table can find other values than before.
    changes_values: bool,
    /// What a row's number is called, where it is no column: it is copied too.
    row_number: Option<&'a Ident>,
}

impl Rebuild<'_> {
    fn statements(&self) -> Result<Vec<Statement>, String> {
        let table = Sqlite.table_name(self.table);
        let other = Ident::new(format!("relaudit_new_{}", self.table.table));
        let to = &self.to.1.text;
        let under_other_name = renamed(to, &other)?;
        let other = Sqlite.quote(&other);
        // References of other tables, views and triggers keep naming the table (manual, "PRAGMA legacy_alter_table").
        let mut all = plain(["PRAGMA legacy_alter_table = ON", "BEGIN IMMEDIATE"]);
        all.extend(self.as_planned());
        // Of rows of a table that is as it is to be, there is nothing to ask.
        let is_done = format!(
            "EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = {} AND sql = {})",
            Sqlite.literal(self.table.table.as_str()),
            Sqlite.literal(to)
        );
        for Condition { holds, message } in self.conditions {
            all.extend(guard(&format!("{is_done} OR {holds}"), message));
        }
        all.extend(plain([
            "DROP TABLE IF EXISTS temp.relaudit_broken".to_owned(),
            format!("CREATE TEMP TABLE relaudit_broken AS {}", self.broken()),
        ]));
        all.extend(self.remembering());
        all.push(Statement::plain(under_other_name));
        all.push(Statement::plain(self.copying(&other)?));
        all.extend(guard(
            &format!("(SELECT COUNT(*) FROM {table}) = (SELECT COUNT(*) FROM {other})"),
            &format!("not all rows of {} could be copied: nothing was changed", self.table),
        ));
        all.push(Statement::plain(format!("DROP TABLE {table}")));
        if renamed(to, &self.table.table)? == *to {
            all.push(Statement::plain(format!("ALTER TABLE {other} RENAME TO {table}")));
        } else {
            // Renamed, its name would be in quotes, and not as it was written.
            all.push(Statement::plain(to));
            let columns = names(self.columns().into_iter(), "");
            all.push(Statement::plain(format!(
                "INSERT OR ABORT INTO {table} ({columns}) SELECT {columns} FROM {other}"
            )));
            all.push(Statement::plain(format!("DROP TABLE {other}")));
        }
        all.extend(self.to.1.beside.iter().map(|text| {
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
                self.table
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
        let name = Sqlite.literal(self.table.table.as_str());
        let [from, to] = [self.from.1, self.to.1];
        let among = |statements: &[String]| {
            let texts: Vec<String> = statements.iter().map(|text| Sqlite.literal(text)).collect();
            format!("COUNT(CASE WHEN sql IN ({}) THEN 1 END)", texts.join(", "))
        };
        let mut all = guard(
            &format!(
                "COUNT(*) = 1 FROM main.sqlite_schema WHERE type = 'table' AND name = {name} AND sql IN ({}, {})",
                Sqlite.literal(&from.text),
                Sqlite.literal(&to.text)
            ),
            &format!(
                "{} is not defined as it was when the plan was made: make a new plan",
                self.table
            ),
        );
        let mut known = from.beside.clone();
        known.extend(to.beside.iter().filter(|text| !from.beside.contains(text)).cloned());
        all.extend(guard(
            &format!(
                "{} = {} AND {} = COUNT(*) FROM main.sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND \
                 tbl_name = {name} COLLATE NOCASE",
                among(self.required),
                self.required.len(),
                among(&known)
            ),
            &format!(
                "{} has other indexes or triggers than the plan knows of: run the steps before this one, or make a new plan",
                self.table
            ),
        ));
        all
    }

    /// What foreign_key_check finds: in the table itself, and in its children where its own values change.
    fn broken(&self) -> String {
        let name = Sqlite.literal(self.table.table.as_str());
        let children = if self.changes_values {
            format!(
                " OR EXISTS (SELECT 1 FROM pragma_foreign_key_list(s.name, 'main') AS k WHERE k.\"table\" = {name} COLLATE \
                 NOCASE)"
            )
        } else {
            String::new()
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
        let name = Sqlite.literal(self.table.table.as_str());
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

    /// The columns that rows are copied with. What is computed is computed anew.
    fn columns(&self) -> Vec<&Ident> {
        let stored = self.to.0.columns.iter().filter(|column| column.generated.is_none());
        let names = stored.map(|column| &column.name);
        self.row_number.into_iter().chain(names).collect()
    }

    /// Copies all rows.
    fn copying(&self, to: &str) -> Result<String, String> {
        let columns = self.columns();
        let from = Sqlite.table_name(self.table);
        let (coming, staying): (Vec<&Ident>, Vec<&Ident>) = columns
            .iter()
            .partition(|name| self.row_number != Some(**name) && self.from.0.column(name).is_none());
        let mut selected = vec![names(staying.iter().copied(), "relaudit_row")];
        let mut rows = format!("{from} AS relaudit_row");
        if !coming.is_empty() {
            let nothing: Vec<String> = coming
                .iter()
                .map(|name| format!("NULL AS {}", Sqlite.quote(name)))
                .collect();
            rows = format!("{rows}, (SELECT {}) AS relaudit_none", nothing.join(", "));
            let same = same_row(self.from.0, "relaudit_same", "relaudit_row")?;
            // Where the step was run before, the column is there, and is found in the table; else it is the one of nulls.
            selected.extend(coming.iter().map(|name| {
                format!(
                    "(SELECT {} FROM {from} AS relaudit_same WHERE {same})",
                    Sqlite.quote(name)
                )
            }));
        }
        // Without OR ABORT a constraint's own ON CONFLICT could leave rows out (manual, ON CONFLICT).
        Ok(format!(
            "INSERT OR ABORT INTO {to} ({}) SELECT {} FROM {rows}",
            names(staying.into_iter().chain(coming), ""),
            selected.join(", ")
        ))
    }
}

/// The condition that two rows of a table are the same one.
fn same_row(table: &Table, one: &str, other: &str) -> Result<String, String> {
    let key: Vec<Ident> = match Sqlite.row_number(table) {
        Some(number) => vec![number],
        None if table.kind == TableKind::WithoutRowid => {
            table.primary_key().map(|key| key.columns.clone()).unwrap_or_default()
        }
        None => Vec::new(),
    };
    if key.is_empty() {
        return Err(format!("columns of `{}` hide SQLite's own numbers of rows", table.name));
    }
    let same = key.iter().map(|name| {
        let name = Sqlite.quote(name);
        format!("{one}.{name} = {other}.{name}")
    });
    Ok(same.collect::<Vec<_>>().join(" AND "))
}

fn plain(texts: impl IntoIterator<Item = impl Into<String>>) -> Vec<Statement> {
    texts.into_iter().map(Statement::plain).collect()
}

/// The column in which one of SQLite's own tables names the table that a row is about.
fn named_in(own: &str) -> &'static str {
    if own == "sqlite_sequence" { "name" } else { "tbl" }
}
