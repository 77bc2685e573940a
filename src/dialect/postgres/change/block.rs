//! Blocks of PL/pgSQL: what must hold, what is done already, and waiting for locks.

use std::fmt::Write as _;

use crate::dialect::Dialect as _;
use crate::dialect::change::Statement;
use crate::dialect::postgres::Postgres;
use crate::schema::{Ident, Table, TableName};

/// How often a lock is asked for.
pub(super) const ATTEMPTS: u32 = 60;

/// A block that makes sure of something, and says what is wrong where it does not hold.
pub(super) fn guard(conditions: &[(String, String)]) -> Statement {
    let mut body = String::new();
    for (holds, message) in conditions {
        let _ = write!(
            body,
            "  IF NOT ({holds}) THEN\n    RAISE EXCEPTION USING MESSAGE = {};\n  END IF;\n",
            Postgres.literal(&format!("relaudit: {message}"))
        );
    }
    block("", &body).guarding()
}

/// The same for what locks a table to look at it, which it may not get at once. It looks at nothing where the work is done:
/// what it would look at may be gone.
pub(super) fn guard_unless(done: &str, holds: &str, message: &str) -> Statement {
    let raised = Postgres.literal(&format!("relaudit: {message}"));
    let looking = format!(
        "  IF {done} THEN\n    RETURN;\n  END IF;\n  IF NOT ({holds}) THEN\n    RAISE EXCEPTION USING MESSAGE = {raised};\n  END \
         IF;\n"
    );
    patient_block("", &looking, "a look at rows").guarding()
}

/// A block that is tried again as a whole, where it cannot have its locks in time.
pub(super) fn patient_block(declarations: &str, body: &str, doing: &str) -> Statement {
    let declarations = match declarations {
        "" => "DECLARE\n",
        some => some,
    };
    let give_up = give_up(doing);
    block(
        &format!("{declarations}  relaudit_attempt integer := 0;\n"),
        &format!(
            "  LOOP\n  BEGIN\n{body}  RETURN;\n  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n    relaudit_attempt := \
             relaudit_attempt + 1;\n    IF relaudit_attempt >= {ATTEMPTS} THEN\n      RAISE EXCEPTION USING MESSAGE = {give_up};\n    \
             END IF;\n    PERFORM pg_sleep(least(relaudit_attempt, 10) * 0.2);\n  END;\n  END LOOP;\n"
        ),
    )
}

/// A block that runs a statement unless its work is done. Where it cannot have its lock in time, it lets everybody pass
/// and tries again.
pub(super) fn unless(done: &str, sql: &str, doing: &str) -> Statement {
    let give_up = give_up(doing);
    block(
        "DECLARE\n  attempt integer := 0;\n",
        &format!(
            "  IF {done} THEN\n    RETURN;\n  END IF;\n  LOOP\n    BEGIN\n      {sql};\n      RETURN;\n    \
             EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n      attempt := attempt + 1;\n      IF attempt >= {ATTEMPTS} THEN\n        \
             RAISE EXCEPTION USING MESSAGE = {give_up};\n      END IF;\n      PERFORM pg_sleep(least(attempt, 10) * 0.2);\n    \
             END;\n  END LOOP;\n"
        ),
    )
}

/// What is said where a lock could not be had, as a literal.
pub(super) fn give_up(doing: &str) -> String {
    Postgres.literal(&format!(
        "relaudit: {doing} did not get its lock in {ATTEMPTS} attempts: something holds the table for long; run this again"
    ))
}

/// An anonymous block. The delimiter is none that an identifier or a literal of the plan is likely to hold, and is
/// lengthened until none does.
pub(super) fn block(declarations: &str, body: &str) -> Statement {
    let mut tag = "$relaudit$".to_owned();
    while body.contains(&tag) || declarations.contains(&tag) {
        tag = format!("{}_$", tag.trim_end_matches('$'));
    }
    Statement::compound(format!("DO {tag}\n{declarations}BEGIN\n{body}END\n{tag}"))
}

/// The table as a value of type `regclass`, null where it is not there.
pub(super) fn regclass(table: &TableName) -> String {
    format!("to_regclass({})", Postgres.literal(&Postgres.table_name(table)))
}

/// Something of that name in the table's namespace, as `regclass`.
pub(super) fn beside(table: &TableName, name: &Ident) -> String {
    regclass(&TableName {
        namespace: table.namespace.clone(),
        table: name.clone(),
    })
}

/// Whether the table has a constraint of that name.
pub(super) fn has_constraint(table: &TableName, name: &Ident) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {} AND conname = {})",
        regclass(table),
        Postgres.literal(name.as_str())
    )
}

/// Whether a column of `pg_attribute` has this type, modifiers included. What is not the server's own has its schema
/// before it: the server writes that only where the session's search path does not lead there, but reads it always.
fn is_of(declared: &str) -> String {
    let (name, modifier) = match declared.find('(') {
        Some(at) if !declared[..at].contains('"') => declared.split_at(at),
        _ => (declared, ""),
    };
    if !name.contains('.') {
        return format!("format_type(atttypid, atttypmod) = {}", Postgres.literal(declared));
    }
    let modified = if modifier.is_empty() {
        "atttypmod = -1".to_owned()
    } else {
        let length = modifier.chars().count();
        let modifier = Postgres.literal(modifier);
        format!("right(format_type(atttypid, atttypmod), {length}) = {modifier}")
    };
    format!("atttypid = to_regtype({}) AND {modified}", Postgres.literal(declared))
}

/// The table has these columns with the types that they had, and what to say where it has not.
pub(super) fn columns_as_planned(table: &Table, columns: &[Ident]) -> (String, String) {
    let expected: Vec<String> = columns
        .iter()
        .filter_map(|name| table.column(name))
        .map(|column| {
            let name = Postgres.literal(column.name.as_str());
            format!("(attname = {name} AND {})", is_of(&column.ty.declared))
        })
        .collect();
    let holds = format!(
        "(SELECT count(*) FROM pg_catalog.pg_attribute WHERE attrelid = {} AND NOT attisdropped AND ({})) = {}",
        regclass(&table.name),
        expected.join(" OR "),
        expected.len()
    );
    let message = format!(
        "{} is not as it was when the plan was made ({} were of other types or are gone): make a new plan",
        table.name,
        columns.iter().map(Ident::as_str).collect::<Vec<_>>().join(", ")
    );
    (holds, message)
}
