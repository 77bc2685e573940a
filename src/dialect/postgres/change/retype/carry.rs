//! A column and its twin: added with a trigger, switched in one transaction, and dropped.

use std::fmt::Write as _;

use super::super::block::{has_constraint, unless};
use super::super::{foreign_key, lock};
use super::equip::{foreign_keys, indexes, keys, temporary};
use super::{Way, converted, definition, has_column, has_type, locks_on_parents};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Work};
use crate::dialect::postgres::Postgres;
use crate::relation::short_hash;
use crate::schema::{Ident, Key};

/// What a thing is called between two names.
const BETWEEN: &str = "relaudit_between";

impl Way<'_> {
    pub(super) fn expand(&self) -> Result<Work, String> {
        let [target, twin] = [self.target(), Postgres.quote(self.twin())];
        let trigger = self.trigger();
        let quoted = Postgres.quote(&trigger);
        let mut up = self.as_it_was();
        up.extend([
            unless(
                &format!("{} OR {}", self.done(), has_column(self.table(), self.twin())),
                &format!("ALTER TABLE {target} ADD COLUMN {twin} {}", definition(self.to)),
                &format!("adding {}", self.twin()),
            ),
            unless(&self.done(), &self.following()?, "making the trigger's function"),
            unless(
                &format!("{} OR {}", self.done(), self.has_trigger()),
                // The name makes it the last one that runs, and ALWAYS makes it run where replication writes.
                &format!(
                    "CREATE TRIGGER {quoted} BEFORE INSERT OR UPDATE ON {target} FOR EACH ROW EXECUTE FUNCTION {function}(); ALTER TABLE \
                     {target} ENABLE ALWAYS TRIGGER {quoted}",
                    function = self.function(),
                ),
                &format!("making the trigger {trigger}"),
            ),
        ]);
        let down = vec![
            super::guard(&[(
                has_type(self.table(), self.column(), self.from),
                format!(
                    "{}.{} is not of type {}: undo the later steps first",
                    self.table().name,
                    self.column(),
                    self.from.declared
                ),
            )]),
            self.dropping_trigger(),
            self.dropping_twin(),
        ];
        let mut work = self.stated(up, down, "ACCESS EXCLUSIVE");
        work.locks.push(lock(&self.table().name, "SHARE ROW EXCLUSIVE"));
        work.reads_rows = false;
        work.guards.push(format!(
            "nothing depends on `{}` but what the plan carries over",
            self.column()
        ));
        Ok(work)
    }

    fn trigger(&self) -> Ident {
        let table = self.table().name.to_string();
        Ident::new(format!(
            "zzz_relaudit_{}",
            short_hash([table.as_str(), self.column().as_str()])
        ))
    }

    fn function(&self) -> String {
        self.sibling(&self.trigger())
    }

    fn has_trigger(&self) -> String {
        format!(
            "EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = {} AND tgname = {})",
            super::regclass(&self.table().name),
            Postgres.literal(self.trigger().as_str())
        )
    }

    /// The function that gives the twin the column's value, null where that cannot be.
    fn following(&self) -> Result<String, String> {
        let [column, twin] = [self.column(), self.twin()].map(|name| format!("NEW.{}", Postgres.quote(name)));
        let body = format!(
            "BEGIN IF {column} IS NOT NULL AND ({}) THEN {twin} := {}; ELSE {twin} := NULL; END IF; RETURN NEW; END",
            Postgres.fits(&column, self.from, self.to)?,
            converted(&column, self.from, self.to)
        );
        Ok(format!(
            "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS {}",
            self.function(),
            Postgres.literal(&body)
        ))
    }

    /// Puts the twin in the column's place. Nothing is read or written but the catalogue.
    pub(super) fn switch(&self) -> Result<Statement, String> {
        let target = self.target();
        let mut sql = String::from("DECLARE\n        relaudit_name name;\n      BEGIN\n");
        let mut add = |statement: String| {
            let _ = writeln!(sql, "        {statement};");
        };
        add(format!("LOCK TABLE {target} IN ACCESS EXCLUSIVE MODE"));
        add(format!(
            "ALTER TABLE {target} DROP CONSTRAINT {}",
            Postgres.quote(&self.agreement_name())
        ));
        let primary = keys(self.retype).into_iter().find(|key| key.primary);
        if let Some(name) = primary.and_then(|key| key.name.as_ref()) {
            add(format!("ALTER TABLE {target} DROP CONSTRAINT {}", Postgres.quote(name)));
        }
        if !self.retype.column.nullable {
            self.release(&mut add);
        }
        for name in self.constraints() {
            let other = temporary(self.table(), &name);
            let rename = |from: &Ident, to: &Ident| {
                format!(
                    "ALTER TABLE {target} RENAME CONSTRAINT {} TO {}",
                    Postgres.quote(from),
                    Postgres.quote(to)
                )
            };
            exchange(&name, &other, &rename, &mut add);
        }
        for index in indexes(self.retype)
            .into_iter()
            .filter(|index| index.constraint.is_none())
        {
            let other = temporary(self.table(), &index.name);
            let rename = |from: &Ident, to: &Ident| {
                format!("ALTER INDEX {} RENAME TO {}", self.sibling(from), Postgres.quote(to))
            };
            exchange(&index.name, &other, &rename, &mut add);
        }
        let rename = |from: &Ident, to: &Ident| {
            format!(
                "ALTER TABLE {target} RENAME COLUMN {} TO {}",
                Postgres.quote(from),
                Postgres.quote(to)
            )
        };
        exchange(self.column(), self.twin(), &rename, &mut add);
        if let Some(Key { name: Some(name), .. }) = primary {
            add(format!(
                "ALTER TABLE {target} ADD CONSTRAINT {quoted} PRIMARY KEY USING INDEX {}",
                Postgres.quote(&temporary(self.table(), name)),
                quoted = Postgres.quote(name),
            ));
        }
        add(self.back().following()?);
        sql.push_str("      END");
        Ok(unless(
            &self.done(),
            &sql,
            &format!("switching {} and {}", self.column(), self.twin()),
        ))
    }

    /// The column takes nulls, and its constraint's name is the twin's.
    fn release(&self, add: &mut impl FnMut(String)) {
        let [target, column] = [self.target(), Postgres.quote(self.column())];
        let named = self.version.major >= 18;
        if named {
            add(format!(
                "SELECT k.conname INTO relaudit_name FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a ON a.attrelid = \
                 k.conrelid AND k.conkey = ARRAY[a.attnum] WHERE k.contype = 'n' AND k.conrelid = {} AND a.attname = {}",
                super::regclass(&self.table().name),
                Postgres.literal(self.column().as_str())
            ));
        }
        add(format!("ALTER TABLE {target} ALTER COLUMN {column} DROP NOT NULL"));
        if named {
            add(format!(
                "IF relaudit_name IS NOT NULL THEN EXECUTE format({}, relaudit_name); END IF",
                Postgres.literal(&format!(
                    "ALTER TABLE {} RENAME CONSTRAINT {} TO %I",
                    target.replace('%', "%%"),
                    Postgres.quote(&self.not_null_name())
                ))
            ));
        }
    }

    /// The constraints that both have: foreign keys, and keys but the primary one.
    fn constraints(&self) -> Vec<Ident> {
        let unique = keys(self.retype).into_iter().filter(|key| !key.primary);
        let names = unique.filter_map(|key| key.name.clone());
        names
            .chain(foreign_keys(self.retype).into_iter().map(foreign_key::name))
            .collect()
    }

    pub(super) fn contract(&self) -> Work {
        let target = self.target();
        let mut up = vec![super::guard(&[(
            self.done(),
            format!(
                "{}.{} is not of type {}: run the steps before this one",
                self.table().name,
                self.column(),
                self.to.declared
            ),
        )])];
        for key in foreign_keys(self.retype) {
            let name = temporary(self.table(), &foreign_key::name(key));
            up.push(unless(
                &format!("NOT {}", has_constraint(&self.table().name, &name)),
                &format!("ALTER TABLE {target} DROP CONSTRAINT {}", Postgres.quote(&name)),
                &format!("dropping {name}"),
            ));
        }
        up.extend([self.dropping_trigger(), self.dropping_twin()]);
        let mut work = self.stated(up, Vec::new(), "ACCESS EXCLUSIVE");
        work.locks.extend(locks_on_parents(self.retype, "ACCESS EXCLUSIVE"));
        work.reads_rows = false;
        work
    }

    fn dropping_trigger(&self) -> Statement {
        unless(
            &format!("NOT {}", self.has_trigger()),
            &format!(
                "DROP TRIGGER {} ON {}; DROP FUNCTION IF EXISTS {}()",
                Postgres.quote(&self.trigger()),
                self.target(),
                self.function()
            ),
            &format!("dropping the trigger {}", self.trigger()),
        )
    }

    fn dropping_twin(&self) -> Statement {
        unless(
            &format!("NOT {}", has_column(self.table(), self.twin())),
            &format!(
                "ALTER TABLE {} DROP COLUMN {}",
                self.target(),
                Postgres.quote(self.twin())
            ),
            &format!("dropping {}", self.twin()),
        )
    }
}

/// Each gets the other's name.
fn exchange(one: &Ident, other: &Ident, rename: &dyn Fn(&Ident, &Ident) -> String, add: &mut impl FnMut(String)) {
    let between = Ident::new(BETWEEN);
    add(rename(one, &between));
    add(rename(other, one));
    add(rename(&between, other));
}
