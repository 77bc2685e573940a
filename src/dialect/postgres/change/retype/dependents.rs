//! What depends on a column, and stands against another type.

use super::{Stage, own_name, stages};
use crate::dialect::Dialect as _;
use crate::dialect::postgres::Postgres;
use crate::dialect::postgres::change::block::regclass;
use crate::dialect::retype::Retype;

/// A query for what depends on the column and is neither changed by the server itself nor carried over: a text a row.
///
/// ALTER TABLE carries over indexes and constraints, and refuses the rest. A twin gets what plans know how to write:
/// indexes without options of their own, keys, foreign keys, NOT NULL, a default.
pub(in crate::dialect::postgres) fn dependents(retype: &Retype<'_>) -> String {
    let by_server = stages(retype) == [Stage::AtOnce];
    let carried = if by_server {
        "d.classid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_constraint'::regclass, \
         'pg_catalog.pg_statistic_ext'::regclass)"
            .to_owned()
    } else {
        format!(
            "(d.classid = 'pg_catalog.pg_constraint'::regclass AND EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.oid = \
             d.objid AND k.conrelid = a.attrelid AND (k.contype IN ('n', 'p', 'u') OR (k.contype = 'f' AND NOT (k.confrelid = \
             a.attrelid AND a.attnum = ANY (k.confkey)))) AND {uncommented})) OR (d.classid = 'pg_catalog.pg_class'::regclass AND \
             EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indexrelid = d.objid \
             AND {PLAIN_INDEX} AND {uncommented})) OR (d.classid = 'pg_catalog.pg_constraint'::regclass AND EXISTS (SELECT FROM \
             pg_catalog.pg_constraint k WHERE k.oid = d.objid AND k.conrelid = a.attrelid AND k.conname IN ({agree}, {null})))",
            // What the steps themselves have put there, where they were broken off and are run again.
            agree = Postgres.literal(own_name(retype, "agree").as_str()),
            null = Postgres.literal(own_name(retype, "null").as_str()),
            uncommented = "NOT EXISTS (SELECT FROM pg_catalog.pg_description t WHERE t.classoid = d.classid AND t.objoid = d.objid)",
        )
    };
    let mut sql = format!(
        "SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_catalog.pg_depend d JOIN \
         pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.refclassid = \
         'pg_catalog.pg_class'::regclass AND a.attrelid = {table} AND a.attname = {column} AND NOT ({OWN_DEFAULT} OR {carried})",
        table = regclass(&retype.table.name),
        column = Postgres.literal(retype.column.name.as_str()),
    );
    if !by_server {
        sql.push_str(&in_the_way(retype));
    }
    sql
}

const OWN_DEFAULT: &str = "(d.classid = 'pg_catalog.pg_attrdef'::regclass AND EXISTS (SELECT FROM pg_catalog.pg_attrdef v \
                           WHERE v.oid = d.objid AND v.adrelid = a.attrelid AND v.adnum = a.attnum))";

/// An index that `CREATE INDEX … (columns)` makes again as it is.
const PLAIN_INDEX: &str = "i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL AND NOT i.indisclustered AND NOT \
                           i.indisreplident AND c.reloptions IS NULL AND c.reltablespace = 0 AND NOT EXISTS (SELECT FROM \
                           unnest(i.indoption) o WHERE o NOT IN (0, 3)) AND NOT EXISTS (SELECT FROM unnest(i.indclass) o JOIN \
                           pg_catalog.pg_opclass p ON p.oid = o WHERE NOT p.opcdefault) AND NOT EXISTS (SELECT FROM \
                           unnest(i.indkey::smallint[], i.indcollation::oid[]) k (number, collation_of) JOIN \
                           pg_catalog.pg_attribute ia ON ia.attrelid = i.indrelid AND ia.attnum = k.number WHERE \
                           k.collation_of <> 0 AND ia.attcollation <> k.collation_of)";

/// What a second column would not get, and what would run when it is filled.
fn in_the_way(retype: &Retype<'_>) -> String {
    let table = regclass(&retype.table.name);
    let column = Postgres.literal(retype.column.name.as_str());
    format!(
        " UNION SELECT pg_catalog.format('trigger %s, which every UPDATE of the table runs', t.tgname) FROM \
         pg_catalog.pg_trigger t WHERE t.tgrelid = {table} AND NOT t.tgisinternal AND t.tgtype & 16 <> 0 AND t.tgattr = '' \
         AND t.tgname NOT LIKE 'zzz\\_relaudit%' UNION SELECT pg_catalog.format('rule %s of the table', r.rulename) FROM \
         pg_catalog.pg_rewrite r WHERE r.ev_class = {table} UNION SELECT 'a table that it inherits from, or that inherits from it' \
         FROM pg_catalog.pg_inherits h WHERE {table} IN (h.inhrelid, h.inhparent) UNION SELECT 'privileges, statistics or \
         options of this very column' FROM pg_catalog.pg_attribute o WHERE o.attrelid = {table} AND o.attname = {column} AND \
         (o.attacl IS NOT NULL OR o.attoptions IS NOT NULL OR coalesce(o.attstattarget, -1) <> -1)"
    )
}
