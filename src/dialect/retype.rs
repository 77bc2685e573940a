//! A column that gets another type: what is to be so, in which stages, and which of its values can have that type.

use crate::schema::{Column, ColumnType, Ident, Table, TypeFamily};

use super::Dialect;

/// How the columns begin that stand beside another one while its type changes. They are no part of the design.
pub const TWIN_PREFIX: &str = "relaudit_twin_";

/// A column that is to have another type.
#[derive(Debug, Clone)]
pub struct Retype<'a> {
    /// The table, as it is.
    pub table: &'a Table,
    /// The column, as it is.
    pub column: &'a Column,
    /// The type that it is to have.
    pub to: ColumnType,
    /// What the column beside it is called, where there is one: before the switch it has the new type, after it the old
    /// one.
    pub twin: Ident,
}

/// A part of the work, each a step of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// All of it, in one statement.
    AtOnce,
    /// A second column of the right type, which follows the first one from now on.
    Expand,
    /// The rows from before have it too.
    Fill,
    /// Whatever the first column has, the second one has: indexes, keys, foreign keys, NOT NULL, default.
    Equip,
    /// The two change names.
    Switch,
    /// The column of the old type is no more.
    Contract,
}

/// How a dialect tests the text of a value. Each is given expressions.
pub struct Tests<'t> {
    /// The value as text.
    pub text: &'t str,
    /// Whether it matches a pattern of small letters and digits.
    pub matches: &'t dyn Fn(&str) -> String,
    /// A text of digits as a number of any size.
    pub number: &'t dyn Fn(&str) -> String,
    /// A number without what is behind so many digits after the point.
    pub cut: &'t dyn Fn(&str, u16) -> String,
    /// How many characters a text has.
    pub length: &'t dyn Fn(&str) -> String,
}

/// The condition that is true for values which can have the new type and come back from it the same. It raises no error
/// whatever the value, and is null or true for nulls.
///
/// # Errors
///
/// Nobody knows how values of the one type become values of the other.
pub fn fits(value: &str, from: &ColumnType, to: &ColumnType, tests: &Tests<'_>) -> Result<String, String> {
    use TypeFamily as F;
    let text = tests.text;
    let digits = (tests.matches)("^(0|-?[1-9][0-9]*)$");
    let number = (tests.number)(text);
    Ok(match (from.family, to.family) {
        (F::Integer { .. }, F::Integer { bits, unsigned }) => between(&number, bits, unsigned),
        (F::Decimal { .. }, F::Integer { bits, unsigned }) => format!(
            "({value} = {} AND {})",
            (tests.cut)(value, 0),
            between(value, bits, unsigned)
        ),
        (F::Text, F::Integer { bits, unsigned }) => {
            format!(
                "CASE WHEN {digits} THEN {} ELSE FALSE END",
                between(&number, bits, unsigned)
            )
        }
        (F::Integer { .. } | F::Decimal { .. }, F::Decimal { scale }) => {
            let whole = scale.map_or_else(
                || "TRUE".to_owned(),
                |scale| format!("{value} = {}", (tests.cut)(value, scale)),
            );
            format!("({whole}{})", within_precision(value, to))
        }
        (F::Text, F::Decimal { scale: None | Some(0) }) => format!(
            "CASE WHEN {digits} THEN TRUE{} ELSE FALSE END",
            within_precision(&number, to)
        ),
        (F::Text, F::Uuid) => (tests.matches)("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
        (F::Integer { .. } | F::Decimal { .. } | F::Uuid, F::Text) => match to.length {
            Some(length) => format!("{} <= {length}", (tests.length)(text)),
            None => "TRUE".to_owned(),
        },
        _ => {
            return Err(format!(
                "plans do not know how values of type {} become values of type {}",
                from.declared, to.declared
            ));
        }
    })
}

fn between(number: &str, bits: u8, unsigned: bool) -> String {
    let [low, high]: [i128; 2] = match (bits, unsigned) {
        (bits, true) => [0, (1 << bits) - 1],
        (bits, false) => [-(1 << (bits - 1)), (1 << (bits - 1)) - 1],
    };
    format!("{number} BETWEEN {low} AND {high}")
}

/// ` AND …`, where the type says how many digits there may be before the point.
fn within_precision(number: &str, to: &ColumnType) -> String {
    let inner = to.base.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let mut parts = inner
        .map_or("", |(inner, _)| inner)
        .split(',')
        .map(|part| part.trim().parse::<usize>().ok());
    let Some(precision) = parts.next().flatten() else {
        return String::new();
    };
    let scale = parts.next().flatten().unwrap_or(0);
    let whole = "9".repeat(precision.saturating_sub(scale));
    format!(
        " AND {number} BETWEEN -{0}.{1} AND {0}.{1}",
        if whole.is_empty() { "0" } else { &whole },
        "9".repeat(scale.max(1))
    )
}

/// How many rows have a value that cannot have the new type: one row, one column. Where that can be asked.
pub fn count_unfit(dialect: &dyn Dialect, retype: &Retype<'_>) -> Option<String> {
    let (rows, unfit) = unfit(dialect, retype)?;
    Some(format!("SELECT COUNT(*) FROM {rows} r WHERE {unfit}"))
}

/// Some of those values: one column.
pub fn unfit_examples(dialect: &dyn Dialect, retype: &Retype<'_>) -> Option<String> {
    let (rows, unfit) = unfit(dialect, retype)?;
    let column = format!("r.{}", dialect.quote(&retype.column.name));
    let text = dialect.as_text(&column, &retype.column.ty);
    Some(format!(
        "SELECT DISTINCT {text} AS v FROM {rows} r WHERE {unfit} ORDER BY v LIMIT 3"
    ))
}

fn unfit(dialect: &dyn Dialect, retype: &Retype<'_>) -> Option<(String, String)> {
    let column = format!("r.{}", dialect.quote(&retype.column.name));
    let fits = dialect.fits(&column, &retype.column.ty, &retype.to).ok()?;
    Some((
        dialect.own_rows(retype.table),
        format!("{column} IS NOT NULL AND NOT ({fits})"),
    ))
}

#[cfg(test)]
mod tests {
    use super::{between, within_precision};
    use crate::schema::{ColumnType, TypeFamily};

    #[test]
    fn a_number_has_the_bounds_of_its_type() {
        assert_eq!(between("n", 32, false), "n BETWEEN -2147483648 AND 2147483647");
        assert_eq!(between("n", 64, true), "n BETWEEN 0 AND 18446744073709551615");
        let decimal = |base: &str| ColumnType {
            declared: base.to_owned(),
            base: base.to_owned(),
            family: TypeFamily::Decimal { scale: None },
            length: None,
            collation: None,
            labels: Vec::new(),
        };
        assert_eq!(within_precision("n", &decimal("numeric")), "");
        assert_eq!(
            within_precision("n", &decimal("numeric(5,2)")),
            " AND n BETWEEN -999.99 AND 999.99"
        );
        assert_eq!(
            within_precision("n", &decimal("decimal(3) unsigned")),
            " AND n BETWEEN -999.9 AND 999.9"
        );
    }
}
