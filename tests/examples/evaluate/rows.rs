//! What rows add: the schemas that come with some are read as a dump is, schema and rows in one text, so that the rows are
//! in an embedded SQLite file, and are asked as `relaudit relations --with-data` asks them.

use std::io::Write as _;
use std::path::Path;

use relaudit::dialect::ConnectOptions;
use relaudit::infer::{self, Weights};
use relaudit::probe;
use relaudit::relation::{Relations, Tier};
use relaudit::source::{self, Opened, ScriptDialect};

use super::corpus::Case;

const JOBS: usize = 2;

/// The relations of a case as its rows leave them; `None` where it comes without rows.
pub(crate) fn relations(folder: &Path, case: &Case) -> anyhow::Result<Option<Relations>> {
    let folder = folder.join(&case.name);
    let rows = folder.join("data.sql");
    if !rows.is_file() {
        return Ok(None);
    }
    let mut file = tempfile::Builder::new().suffix(".sql").tempfile()?;
    for part in [folder.join("schema_nofk.sql"), rows] {
        file.write_all(&std::fs::read(part)?)?;
        file.write_all(b"\n")?;
    }
    let dialect = if case.is_postgres {
        ScriptDialect::Postgres
    } else {
        ScriptDialect::Mysql
    };
    let target = source::parse(&file.path().display().to_string(), Some(dialect))?;
    let options = ConnectOptions::default();
    let Opened::Files(files) = source::open(&target, &options)? else {
        anyhow::bail!("{}: the text was not read as one", case.name);
    };
    // The case's own schema may lack indexes, or have foreign keys, as the user wants.
    let stated = Case::stated();
    let weights = Weights::built_in();
    let named = infer::relations_by(&case.schema, &stated, weights);
    let questions = infer::questions(&case.schema, &stated, &named, weights);
    let needed = probe::needed_for(&case.schema, &Relations::default(), &questions);
    let Some(dump) = files.rows.filter(|dump| dump.has_rows(&case.schema, &needed)) else {
        return Ok(Some(named));
    };
    let database = dump.load(&files.read, &needed, &options)?;
    let asked = probe::ask(&*database, &case.schema, &questions, JOBS, &|_, _| {})?;
    for note in &asked.notes {
        println!("{}: {}", case.name, note.message);
    }
    let mut settled = infer::relations_with_rows(&case.schema, &stated, weights, &asked.evidence);
    // What rows refute is listed, and not proposed.
    settled.relations.retain(|relation| relation.tier() != Tier::Weak);
    Ok(Some(settled))
}
