//! The rows of a source, opened, and what they say of relations that names leave open.

use super::input::{self, Input, RowSource};
use crate::cli::InputArgs;
use crate::dialect::Database;
use crate::infer::{self, Question, RowEvidence, Weights};
use crate::probe::{self, Asked, Progress};
use crate::relation::Relations;
use crate::schema::{Note, Read};

/// The rows of a source.
pub(super) enum OpenRows<'a> {
    /// In the database that it is.
    Source(&'a dyn Database),
    /// Read from its text.
    Loaded(Box<dyn Database>),
}

impl OpenRows<'_> {
    pub(super) fn database(&self) -> &dyn Database {
        match self {
            Self::Source(database) => *database,
            Self::Loaded(database) => &**database,
        }
    }
}

/// What rows can decide of a source.
pub(super) fn questions(input: &Input) -> Vec<Question> {
    if !input.has_rows() {
        return Vec::new();
    }
    infer::questions(&input.schema, &input.stated, &input.relations, Weights::built_in())
}

/// Opens the rows that `relations` and `questions` are about; `None` where the source has none of them.
pub(super) fn open<'a>(
    input: &'a Input,
    relations: &Relations,
    questions: &[Question],
    args: &InputArgs,
) -> anyhow::Result<Option<OpenRows<'a>>> {
    match &input.rows {
        RowSource::Database(database) => Ok(Some(OpenRows::Source(&**database))),
        RowSource::Dump(dump) => {
            let needed = probe::needed_for(&input.schema, relations, questions);
            if !dump.has_rows(&input.schema, &needed) {
                return Ok(None);
            }
            let read = Read {
                schema: input.schema.clone(),
                notes: Vec::new(),
            };
            let database = dump.load(&read, &needed, &input::connect_options(args))?;
            Ok(Some(OpenRows::Loaded(database)))
        }
        RowSource::None => Ok(None),
    }
}

/// Relations as rows leave them.
pub(super) struct Settled {
    pub(super) relations: Relations,
    /// What rows said.
    pub(super) evidence: RowEvidence,
    /// What could not be asked.
    pub(super) notes: Vec<Note>,
}

impl Settled {
    /// Without rows, names decide.
    pub(super) fn without_rows(input: &Input) -> Self {
        Self {
            relations: input.relations.clone(),
            evidence: RowEvidence::default(),
            notes: Vec::new(),
        }
    }
}

/// Asks the rows, and infers again with what they say.
pub(super) fn settle(
    input: &Input,
    rows: &OpenRows<'_>,
    questions: &[Question],
    jobs: u16,
    progress: &Progress<'_>,
) -> anyhow::Result<Settled> {
    let Asked { evidence, notes } = probe::ask(rows.database(), &input.schema, questions, usize::from(jobs), progress)?;
    let relations = if evidence.is_empty() {
        input.relations.clone()
    } else {
        infer::relations_with_rows(&input.schema, &input.stated, Weights::built_in(), &evidence)
    };
    Ok(Settled {
        relations,
        evidence,
        notes,
    })
}
