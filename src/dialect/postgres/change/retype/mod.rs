//! A column that gets another type. A small table is rewritten under its lock. Beside a column of a large one stands a
//! twin of the new type: a trigger keeps it equal from then on, batches fill in the rows from before, and when it has
//! whatever the column has, the two change names in one short transaction (manual, ALTER TABLE, "Notes": to change a type
//! rewrites the table and its indexes under ACCESS EXCLUSIVE).
//!
//! Every stage asks which type the column of that name has: if it is the new one, the switch is behind it.

mod carry;
mod dependents;
mod equip;

use super::batch;
use super::block::{block, guard, guard_unless, regclass, unless};
use super::{as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::batches::Batches;
use crate::dialect::change::{LockTaken, Statement, Version, Work};
use crate::dialect::postgres::Postgres;
use crate::dialect::retype::{Retype, Stage};
use crate::relation::short_hash;
use crate::schema::{ColumnType, Ident, Table, TypeFamily};

pub(in crate::dialect::postgres) use dependents::dependents;

/// A table that the server knows to be no larger is rewritten at once: it takes less than a second or so.
const SMALL_ROWS: u64 = 10_000;
/// The same in bytes.
const SMALL_BYTES: u64 = 8 * 1024 * 1024;

/// What is said where there is no twin on the way there, and on the way back.
const BEFORE: &str = "run the steps before this one";
const CONTRACTED: &str = "the contract phase was run, and from there is no way back";

/// See [`crate::dialect::change::PlanDialect::retype_stages`].
pub(in crate::dialect::postgres) fn stages(retype: &Retype<'_>) -> Vec<Stage> {
    // A table that was never analyzed may be of any size.
    let is_small = retype.table.estimated_rows.is_some_and(|rows| rows <= SMALL_ROWS)
        && retype.table.size_bytes.is_some_and(|bytes| bytes <= SMALL_BYTES);
    if is_small {
        return vec![Stage::AtOnce];
    }
    vec![Stage::Expand, Stage::Fill, Stage::Equip, Stage::Switch, Stage::Contract]
}

/// See [`crate::dialect::change::PlanDialect::notes`].
pub(in crate::dialect::postgres) fn notes(retype: &Retype<'_>, stage: Stage) -> Vec<String> {
    let column = &retype.column.name;
    match stage {
        Stage::AtOnce => vec![format!(
            "the table is rewritten under its lock, which is quick since it is small; `{column}` is of the new type at once"
        )],
        Stage::Switch => vec![
            format!(
                "from then on `{column}` stands last in the table: an INSERT without a list of columns must name them before"
            ),
            format!(
                "`{}` follows `{column}` until the contract phase, so that this can be undone; where a value does not fit the old \
                 type it is null there, and then it cannot",
                retype.twin
            ),
        ],
        Stage::Expand | Stage::Fill | Stage::Equip | Stage::Contract => Vec::new(),
    }
}

pub(super) fn work(retype: &Retype<'_>, stage: Stage, version: Version) -> Result<Work, String> {
    let column = retype.column;
    let way = Way {
        retype,
        from: &column.ty,
        to: &retype.to,
        version,
    };
    // What cannot be tested cannot be done.
    Postgres.fits("x", way.from, way.to)?;
    Postgres.fits("x", way.to, way.from)?;
    match stage {
        Stage::AtOnce => way.at_once(),
        Stage::Expand => {
            equip::check(retype)?;
            way.expand()
        }
        Stage::Fill => way.fill(),
        Stage::Equip => {
            let mut up = vec![way.twin_guard(BEFORE)];
            up.extend(way.equip()?);
            up.extend(way.default());
            let mut work = way.stated(up, Vec::new(), "SHARE UPDATE EXCLUSIVE");
            work.locks.push(lock(&retype.table.name, "ACCESS EXCLUSIVE"));
            work.guards.push(format!(
                "every row has the same value in `{}` and `{}`",
                column.name, retype.twin
            ));
            for key in equip::foreign_keys(retype) {
                work.locks.push(lock(&key.parent, "SHARE ROW EXCLUSIVE"));
            }
            Ok(work)
        }
        Stage::Switch => {
            let mut down = vec![way.back().twin_guard(CONTRACTED)];
            down.extend(way.back().equip()?);
            down.push(way.back().switch()?);
            let mut work = way.stated(vec![way.twin_guard(BEFORE), way.switch()?], down, "ACCESS EXCLUSIVE");
            work.reads_rows = false;
            Ok(work)
        }
        Stage::Contract => Ok(way.contract()),
    }
}

/// A column on its way from one type to another: there, or back.
struct Way<'a> {
    retype: &'a Retype<'a>,
    from: &'a ColumnType,
    to: &'a ColumnType,
    version: Version,
}

impl<'a> Way<'a> {
    fn back(&self) -> Self {
        Self {
            retype: self.retype,
            from: self.to,
            to: self.from,
            version: self.version,
        }
    }

    fn table(&self) -> &'a Table {
        self.retype.table
    }

    fn target(&self) -> String {
        Postgres.table_name(&self.table().name)
    }

    fn column(&self) -> &'a Ident {
        &self.retype.column.name
    }

    fn twin(&self) -> &'a Ident {
        &self.retype.twin
    }

    /// The column has the type that it is to have.
    fn done(&self) -> String {
        has_type(self.table(), self.column(), self.to)
    }

    fn own_name(&self, what: &str) -> Ident {
        own_name(self.retype, what)
    }

    fn stated(&self, up: Vec<Statement>, down: Vec<Statement>, mode: &'static str) -> Work {
        Work {
            up,
            down,
            locks: vec![lock(&self.table().name, mode)],
            guards: vec![as_planned(self.table())],
            reads_rows: true,
        }
    }

    /// The column has the type that it had, or the new one already, and nothing depends on it that would be lost.
    fn as_it_was(&self) -> Vec<Statement> {
        let message = format!(
            "{}.{} is not of type {} as it was when the plan was made: make a new plan",
            self.table().name,
            self.column(),
            self.from.declared
        );
        let before = format!(
            "{} OR {}",
            self.done(),
            has_type(self.table(), self.column(), self.from)
        );
        let first = format!(
            "  SELECT string_agg(found.relaudit_text, ', ') INTO relaudit_found FROM ({}) found (relaudit_text);\n",
            dependents(self.retype)
        );
        let depends = Postgres.literal(&format!(
            "relaudit: this depends on {}.{}, and would be lost or in the way: ",
            self.table().name,
            self.column()
        ));
        vec![
            guard(&[(before, message)]),
            block(
                "DECLARE\n  relaudit_found text;\n",
                &format!(
                    "  IF {} THEN\n    RETURN;\n  END IF;\n{first}  IF relaudit_found IS NOT NULL THEN\n    RAISE EXCEPTION USING MESSAGE = \
                     {depends} || relaudit_found;\n  END IF;\n",
                    self.done()
                ),
            ),
        ]
    }

    /// A condition that is true where a value of `r` cannot have the new type.
    fn is_unfit(&self) -> Result<String, String> {
        let value = format!("r.{}", Postgres.quote(self.column()));
        let fits = Postgres.fits(&value, self.from, self.to)?;
        Ok(format!("{value} IS NOT NULL AND NOT ({fits})"))
    }

    fn at_once(&self) -> Result<Work, String> {
        let mut up = self.as_it_was();
        // Estimates grow old.
        up.push(guard_unless(
            &self.done(),
            &format!(
                "pg_catalog.pg_total_relation_size({}) <= {}",
                regclass(&self.table().name),
                SMALL_BYTES * 4
            ),
            &format!(
                "{} has grown too large to be rewritten under its lock: analyze it, and make a new plan",
                self.table().name
            ),
        ));
        up.push(
            self.rewriting(
                self.retype
                    .column
                    .default
                    .as_deref()
                    .map(|default| format!("CAST(({default}) AS {})", self.to.declared)),
            )?,
        );
        let down = vec![self.back().rewriting(self.retype.column.default.clone())?];
        let mut work = self.stated(up, down, "ACCESS EXCLUSIVE");
        work.guards.push(fitting(self));
        for key in equip::foreign_keys(self.retype) {
            work.locks.push(lock(&key.parent, "ACCESS EXCLUSIVE"));
        }
        Ok(work)
    }

    fn rewriting(&self, default: Option<String>) -> Result<Statement, String> {
        let [target, column] = [self.target(), Postgres.quote(self.column())];
        let (without, with) = match default {
            Some(default) => (
                format!("ALTER COLUMN {column} DROP DEFAULT, "),
                format!(", ALTER COLUMN {column} SET DEFAULT {default}"),
            ),
            None => (String::new(), String::new()),
        };
        let message = Postgres.literal(&format!(
            "relaudit: {}.{} has values that cannot be {} and come back the same: mend them, and run this again",
            self.table().name,
            self.column(),
            self.to.declared
        ));
        let sql = format!(
            "LOCK TABLE {target} IN ACCESS EXCLUSIVE MODE;\n      IF EXISTS (SELECT FROM {rows} r WHERE {unfit}) THEN\n        RAISE EXCEPTION USING \
             MESSAGE = {message};\n      END IF;\n      ALTER TABLE {target} {without}ALTER COLUMN {column} TYPE {ty} USING {value}{with}",
            rows = Postgres.own_rows(self.table()),
            unfit = self.is_unfit()?,
            ty = definition(self.to),
            value = converted(&column, self.from, self.to),
        );
        Ok(unless(
            &self.done(),
            &sql,
            &format!("changing the type of {}", self.column()),
        ))
    }

    fn fill(&self) -> Result<Work, String> {
        let batches = Batches::new(&Postgres, self.table())?;
        let [column, twin] = [self.column(), self.twin()].map(|name| Postgres.quote(name));
        // The trigger computes it, as it does for every other writer.
        let statement = format!(
            "UPDATE {rows} r SET {twin} = NULL WHERE {window} AND r.{twin} IS NULL AND r.{column} IS NOT NULL",
            rows = Postgres.own_rows(self.table()),
            window = batches.window(),
        );
        let message = format!(
            "{}.{} has values that cannot be {} and come back the same: mend them, and run this again",
            self.table().name,
            self.column(),
            self.to.declared
        );
        let up = vec![
            self.twin_guard(BEFORE),
            guard_unless(
                &self.done(),
                &format!(
                    "NOT EXISTS (SELECT FROM {} r WHERE {})",
                    Postgres.own_rows(self.table()),
                    self.is_unfit()?
                ),
                &message,
            ),
            batch::run(&batches, Some(&self.done()), &statement),
        ];
        let mut work = self.stated(up, Vec::new(), "ROW EXCLUSIVE");
        work.guards.push(fitting(self));
        Ok(work)
    }
}

fn fitting(way: &Way<'_>) -> String {
    format!(
        "every value of `{}` can be `{}` and comes back from it the same",
        way.column(),
        way.to.declared
    )
}

/// A condition that is true where a column of that name has this type.
fn has_type(table: &Table, column: &Ident, ty: &ColumnType) -> String {
    let declared = Postgres.literal(&ty.declared);
    let modifier = if matches!(ty.family, TypeFamily::Decimal { .. }) {
        format!(" AND format_type(atttypid, atttypmod) = {declared}")
    } else {
        String::new()
    };
    let collation = ty.collation.as_ref().map_or(String::new(), |collation| {
        format!(
            " AND attcollation = to_regcollation({})",
            Postgres.literal(&collation.name)
        )
    });
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {} AND attname = {} AND NOT attisdropped AND atttypid = \
         to_regtype({declared}){modifier}{collation})",
        regclass(&table.name),
        Postgres.literal(column.as_str())
    )
}

/// A condition that is true where there is a column of that name.
pub(super) fn has_column(table: &Table, column: &Ident) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {} AND attname = {} AND NOT attisdropped)",
        regclass(&table.name),
        Postgres.literal(column.as_str())
    )
}

/// The type as a definition writes it.
pub(super) fn definition(ty: &ColumnType) -> String {
    match &ty.collation {
        Some(collation) => format!("{} COLLATE {}", ty.declared, collation.name),
        None => ty.declared.clone(),
    }
}

/// The value in the other type. All types become text and are made of text.
fn converted(value: &str, from: &ColumnType, to: &ColumnType) -> String {
    if (from.family.is_number() && to.family.is_number())
        || (from.family == TypeFamily::Text && to.family == from.family)
    {
        format!("CAST({value} AS {})", to.declared)
    } else {
        format!("CAST({value}::text AS {})", to.declared)
    }
}

/// The lock of a table that is referenced.
fn locks_on_parents(retype: &Retype<'_>, mode: &'static str) -> Vec<LockTaken> {
    let keys = equip::foreign_keys(retype);
    keys.into_iter().map(|key| lock(&key.parent, mode)).collect()
}

/// A name for something of this column that is no other's.
fn own_name(retype: &Retype<'_>, what: &str) -> Ident {
    let table = retype.table.name.to_string();
    Ident::new(format!(
        "relaudit_{what}_{}",
        short_hash([table.as_str(), retype.column.name.as_str(), what])
    ))
}
