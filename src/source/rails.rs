//! A schema that Rails wrote: `db/schema.rb`.

use std::path::Path;

use super::{Files, Opened, ScriptDialect, script};
use crate::ddl::SqlDialect;
use crate::dialect::Error;
use crate::orm::schema_rb;
use crate::schema::Note;

/// Reads a schema. Its dialect is what the user says, else what its lines tell, else that of the application's
/// `config/database.yml`, else PostgreSQL's.
pub(super) fn open(path: &Path, dialect: Option<ScriptDialect>) -> Result<Opened, Error> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| Error::File {
        source_name: name.clone(),
        reason: error.to_string(),
    })?;
    let text = String::from_utf8_lossy(&bytes);
    let known = dialect
        .map(ScriptDialect::sql)
        .or_else(|| schema_rb::dialect_of(&text))
        .or_else(|| configured(path));
    let mut read = schema_rb::read(&name, &text, known.unwrap_or(SqlDialect::Postgres));
    if known.is_none() {
        read.notes.push(Note::new(format!(
            "nothing tells which database system {name} is for: it is read as PostgreSQL's; add --dialect if it is another"
        )));
    }
    Ok(Opened::Files(Box::new(Files {
        info: script::info(name, known.unwrap_or(SqlDialect::Postgres)),
        read,
        rows: None,
    })))
}

/// What `config/database.yml` says, beside the folder that the schema is in.
fn configured(path: &Path) -> Option<SqlDialect> {
    let application = path.parent()?.parent()?;
    let text = std::fs::read_to_string(application.join("config/database.yml")).ok()?;
    schema_rb::dialect_of_configuration(&text)
}
