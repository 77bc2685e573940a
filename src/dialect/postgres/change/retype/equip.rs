//! What a column has besides its values, made for its twin: NOT NULL, indexes, keys, foreign keys, a default.

use super::super::block::{beside, guard, guard_unless, has_constraint, unless};
use super::super::foreign_key;
use super::super::index::LINTED;
use super::{Way, converted, has_column, has_type};
use crate::dialect::Dialect as _;
use crate::dialect::change::Statement;
use crate::dialect::postgres::Postgres;
use crate::dialect::postgres::change::LOCK_TIMEOUT;
use crate::dialect::retype::Retype;
use crate::relation::short_hash;
use crate::schema::{ForeignKey, Ident, Index, Key, Match, Table, TableName};

/// What the plan cannot write for a twin, before anything is asked of a server.
pub(super) fn check(retype: &Retype<'_>) -> Result<(), String> {
    let column = &retype.column.name;
    for key in keys(retype) {
        if key.deferrable || key.nulls_not_distinct || key.without_overlaps {
            return Err(format!(
                "`{column}` is in a key whose checks can wait, or in which nulls or periods count"
            ));
        }
    }
    for index in indexes(retype) {
        if index.whole_columns().is_none() || index.predicate.is_some() || index.nulls_not_distinct {
            return Err(format!(
                "`{column}` is in the index `{}`, which has an expression, a condition or nulls that count",
                index.name
            ));
        }
    }
    for key in foreign_keys(retype) {
        if !key.enforced || key.period || key.match_type == Match::Full {
            return Err(format!(
                "`{column}` is in a foreign key that is switched off, has a period or is MATCH FULL"
            ));
        }
    }
    Ok(())
}

pub(super) fn foreign_keys<'a>(retype: &Retype<'a>) -> Vec<&'a ForeignKey> {
    let has = |key: &&ForeignKey| key.columns.contains(&retype.column.name);
    retype.table.foreign_keys.iter().filter(has).collect()
}

pub(super) fn keys<'a>(retype: &Retype<'a>) -> Vec<&'a Key> {
    let has = |key: &&Key| key.columns.contains(&retype.column.name);
    retype.table.keys.iter().filter(has).collect()
}

pub(super) fn indexes<'a>(retype: &Retype<'a>) -> Vec<&'a Index> {
    let has = |index: &&Index| {
        let mut columns = index
            .parts
            .iter()
            .filter_map(|part| part.column.as_ref())
            .chain(&index.include);
        columns.any(|column| *column == retype.column.name)
    };
    retype.table.indexes.iter().filter(has).collect()
}

/// What an index or a constraint of the twin is called until it takes over the name, and that of the other one after that.
pub(super) fn temporary(table: &Table, name: &Ident) -> Ident {
    let table = table.name.to_string();
    Ident::new(format!("relaudit_{}", short_hash([table.as_str(), name.as_str()])))
}

impl Way<'_> {
    /// There is a twin to go on with, or nothing left to do.
    pub(super) fn twin_guard(&self, otherwise: &str) -> Statement {
        guard(&[(
            format!("{} OR {}", self.done(), has_column(self.table(), self.twin())),
            format!("{}.{} is not there: {otherwise}", self.table().name, self.twin()),
        )])
    }

    /// Makes the twin ready to stand in for the column. What is there is left as it is.
    pub(super) fn equip(&self) -> Result<Vec<Statement>, String> {
        let mut statements = vec![self.equal()?];
        statements.extend(self.agreement());
        if !self.retype.column.nullable {
            statements.extend(self.not_null());
        }
        for index in indexes(self.retype) {
            statements.extend(self.index(index));
        }
        for key in foreign_keys(self.retype) {
            statements.extend(self.foreign_key(key));
        }
        statements.push(unless(
            &format!("NOT {}", has_column(self.table(), self.twin())),
            &format!("ANALYZE {} ({})", self.target(), Postgres.quote(self.twin())),
            &format!("counting the values of {}", self.twin()),
        ));
        Ok(statements)
    }

    /// Both columns have the same values.
    fn equal(&self) -> Result<Statement, String> {
        let [column, twin] = [self.column(), self.twin()].map(|name| format!("r.{}", Postgres.quote(name)));
        let fits = Postgres.fits(&column, self.from, self.to)?;
        let same = Postgres.identical(&converted(&column, self.from, self.to), &twin, self.to);
        // CASE has its parts looked at in order, so that nothing is converted that cannot be.
        let holds = format!(
            "NOT EXISTS (SELECT FROM {} r WHERE CASE WHEN {column} IS NULL THEN {twin} IS NOT NULL WHEN {fits} THEN NOT ({same}) ELSE \
             TRUE END)",
            Postgres.own_rows(self.table())
        );
        let message = format!(
            "rows of {} have other values in {} than in {}, of which it is to be a copy: values that are no {} were written \
             since it was filled; mend them, and run this again",
            self.table().name,
            self.twin(),
            self.column(),
            self.to.declared
        );
        Ok(guard_unless(&self.done(), &holds, &message))
    }

    pub(super) fn agreement_name(&self) -> Ident {
        self.own_name("agree")
    }

    /// From now on a value that does not fit is refused: the switch need not look at the rows.
    fn agreement(&self) -> Vec<Statement> {
        let [column, twin] = [self.column(), self.twin()].map(|name| Postgres.quote(name));
        self.constraint(
            &self.agreement_name(),
            &format!("CHECK ({column} IS NULL OR {twin} IS NOT NULL)"),
        )
    }

    /// Adds a constraint without a look at the rows, then looks.
    fn constraint(&self, name: &Ident, definition: &str) -> Vec<Statement> {
        let [target, quoted] = [self.target(), Postgres.quote(name)];
        let there = has_constraint(&self.table().name, name);
        vec![
            unless(
                &format!("{} OR {there}", self.done()),
                &format!("ALTER TABLE {target} ADD CONSTRAINT {quoted} {definition} NOT VALID"),
                &format!("adding {name}"),
            ),
            unless(
                &format!("{} OR NOT {there}", self.done()),
                &format!("ALTER TABLE {target} VALIDATE CONSTRAINT {quoted}"),
                &format!("validating {name}"),
            ),
        ]
    }

    pub(super) fn not_null_name(&self) -> Ident {
        self.own_name("null")
    }

    fn not_null(&self) -> Vec<Statement> {
        let [target, twin] = [self.target(), Postgres.quote(self.twin())];
        let name = self.not_null_name();
        if self.version.major >= 18 {
            return self.constraint(&name, &format!("NOT NULL {twin}"));
        }
        let mut statements = self.constraint(&name, &format!("CHECK ({twin} IS NOT NULL)"));
        // It looks at no row where a valid CHECK says the same (manual, ALTER TABLE, "SET NOT NULL").
        statements.push(unless(
            &self.done(),
            &format!("ALTER TABLE {target} ALTER COLUMN {twin} SET NOT NULL"),
            &format!("setting NOT NULL on {}", self.twin()),
        ));
        statements.push(unless(
            &format!("NOT {}", has_constraint(&self.table().name, &name)),
            &format!("ALTER TABLE {target} DROP CONSTRAINT {}", Postgres.quote(&name)),
            &format!("dropping {name}"),
        ));
        statements
    }

    /// The same columns, with the twin in place of the column.
    pub(super) fn with_twin<'i>(&self, columns: impl IntoIterator<Item = &'i Ident>) -> Vec<Ident> {
        let other = |column: &Ident| if column == self.column() { self.twin() } else { column }.clone();
        columns.into_iter().map(other).collect()
    }

    pub(super) fn sibling(&self, name: &Ident) -> String {
        Postgres.table_name(&TableName {
            namespace: self.table().name.namespace.clone(),
            table: name.clone(),
        })
    }

    /// Built while others write. It is built again after the switch only where it is the primary key's, and then goes
    /// at once: a primary key has one index.
    fn index(&self, index: &Index) -> Vec<Statement> {
        let name = temporary(self.table(), &index.name);
        let found = beside(&self.table().name, &name);
        let invalid = format!("EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = {found} AND NOT indisvalid)");
        let drop_it = format!("DROP INDEX {}", self.sibling(&name));
        let key = self
            .table()
            .keys
            .iter()
            .find(|key| key.name == index.constraint && key.name.is_some());
        let mut statements = vec![
            unless(
                &format!("NOT {invalid}"),
                &drop_it,
                &format!("dropping what is left of {name}"),
            ),
            // It waits for older transactions to end, and keeps nobody waiting for it meanwhile.
            Statement::plain("SET lock_timeout = 0"),
            Statement::plain(self.creating(index, &name)).only_if(has_column(self.table(), self.twin())),
            Statement::plain(format!("SET lock_timeout = '{LOCK_TIMEOUT}'")),
            guard(&[(
                format!("NOT {invalid}"),
                format!(
                    "the index {name} could not be built to its end: look at the message before this one, and run this again"
                ),
            )]),
        ];
        if key.is_some_and(|key| key.primary) {
            statements.push(unless(
                &format!("NOT {} OR {found} IS NULL", self.done()),
                &drop_it,
                &format!("dropping {name}"),
            ));
        } else if key.is_some() {
            statements.push(unless(
                &format!("{} OR {}", self.done(), has_constraint(&self.table().name, &name)),
                &format!(
                    "ALTER TABLE {} ADD CONSTRAINT {} UNIQUE USING INDEX {}",
                    self.target(),
                    Postgres.quote(&name),
                    Postgres.quote(&name)
                ),
                &format!("adding {name}"),
            ));
        }
        statements
    }

    fn creating(&self, index: &Index, name: &Ident) -> String {
        let parts = index.parts.iter().filter_map(|part| {
            let column = self.with_twin(part.column.as_ref()).pop()?;
            let down = if part.descending { " DESC" } else { "" };
            Some(format!("{}{down}", Postgres.quote(&column)))
        });
        let include: Vec<String> = self
            .with_twin(&index.include)
            .iter()
            .map(|column| Postgres.quote(column))
            .collect();
        let include = if include.is_empty() {
            String::new()
        } else {
            format!(" INCLUDE ({})", include.join(", "))
        };
        format!(
            "{LINTED}CREATE {}INDEX CONCURRENTLY IF NOT EXISTS {} ON {} USING {} ({}){include}",
            if index.unique { "UNIQUE " } else { "" },
            Postgres.quote(name),
            self.target(),
            index.method,
            parts.collect::<Vec<_>>().join(", ")
        )
    }

    fn foreign_key(&self, key: &ForeignKey) -> Vec<Statement> {
        let name = temporary(self.table(), &foreign_key::name(key));
        let own = ForeignKey {
            name: Some(name.clone()),
            columns: self.with_twin(&key.columns),
            set_columns: self.with_twin(&key.set_columns),
            ..key.clone()
        };
        let there = has_constraint(&self.table().name, &name);
        let mut statements = vec![unless(
            &format!("{} OR {there}", self.done()),
            &foreign_key::unvalidated(self.table(), &own),
            &format!("adding {name}"),
        )];
        if key.validated {
            statements.push(unless(
                &format!("{} OR NOT {there}", self.done()),
                &format!(
                    "ALTER TABLE {} VALIDATE CONSTRAINT {}",
                    self.target(),
                    Postgres.quote(&name)
                ),
                &format!("validating {name}"),
            ));
        }
        statements
    }

    /// The default and the comment, which the column keeps when it is the twin.
    pub(super) fn default(&self) -> Vec<Statement> {
        let column = self.retype.column;
        let [target, twin] = [self.target(), Postgres.quote(self.twin())];
        let mut statements = Vec::new();
        if let Some(default) = &column.default {
            statements.push(unless(
                &self.done(),
                &format!(
                    "ALTER TABLE {target} ALTER COLUMN {twin} SET DEFAULT CAST(({default}) AS {})",
                    self.to.declared
                ),
                &format!("setting the default of {}", self.twin()),
            ));
        }
        if let Some(comment) = &column.comment {
            statements.push(unless(
                &format!("NOT {}", has_type(self.table(), self.twin(), self.to)),
                &format!("COMMENT ON COLUMN {target}.{twin} IS {}", Postgres.literal(comment)),
                &format!("commenting {}", self.twin()),
            ));
        }
        statements
    }
}
