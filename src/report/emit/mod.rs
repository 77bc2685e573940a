//! Relations → the associations of a framework, both ends, for an application that has none yet.
//!
//! Each framework's own reader reads what is written, and an option is added only where the reader would otherwise
//! understand something else: so the text says no more than needs to be said, and says what is meant.

mod active_record;
mod eloquent;
mod plan;
mod reserved;
mod sequelize;
mod sequelize_seven;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::orm::{self, OrmReader, SourceFile};
use crate::relation::Relations;
use crate::schema::{Association, End, Joint, Link, Model, Schema};
use plan::{Plan, Planned, PlannedModel, What};

/// Whose associations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Framework {
    /// Sequelize 6, in JavaScript
    Sequelize,
    /// Sequelize 7, in TypeScript with decorators
    Sequelize7,
    /// Laravel's Eloquent
    Eloquent,
    /// Ruby on Rails' Active Record
    #[value(name = "active_record")]
    ActiveRecord,
}

/// How much of a model or association is written out: the least that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Detail {
    /// What differs from the defaults for sure.
    #[default]
    Least,
    /// The other class, or the join table, too.
    Class,
    /// The key too, but not the class.
    Key,
    /// Both.
    All,
}

impl Detail {
    fn next(self) -> Option<Self> {
        match self {
            Self::Least => Some(Self::Class),
            Self::Class => Some(Self::Key),
            Self::Key => Some(Self::All),
            Self::All => None,
        }
    }

    fn has_class(self) -> bool {
        matches!(self, Self::Class | Self::All)
    }

    fn has_key(self) -> bool {
        matches!(self, Self::Key | Self::All)
    }
}

/// How much of each model, and of each of its associations, is written out.
#[derive(Debug, Default)]
struct Details {
    /// Models whose table is named.
    tables: BTreeMap<usize, bool>,
    associations: BTreeMap<(usize, usize), Detail>,
}

impl Details {
    fn names_table(&self, model: usize) -> bool {
        self.tables.get(&model).copied().unwrap_or(false)
    }

    fn of(&self, model: usize, association: usize) -> Detail {
        self.associations
            .get(&(model, association))
            .copied()
            .unwrap_or_default()
    }
}

/// Text that is being written, with the lines that each association takes.
#[derive(Debug, Default)]
struct Text {
    written: String,
    lines: u32,
    places: BTreeMap<(usize, usize), (u32, u32)>,
}

impl Text {
    fn line(&mut self, line: &str) {
        self.written.push_str(line);
        self.written.push('\n');
        self.lines += 1;
    }

    /// The lines of one association.
    fn association(&mut self, model: usize, association: usize, lines: &[String]) {
        let first = self.lines + 1;
        for line in lines {
            self.line(line);
        }
        self.places.insert((model, association), (first, self.lines));
    }

    /// Another text behind this one.
    fn append(&mut self, other: Self) {
        let places = other.places.into_iter();
        let moved = places.map(|(at, (first, last))| (at, (first + self.lines, last + self.lines)));
        self.places.extend(moved);
        self.written.push_str(&other.written);
        self.lines += other.lines;
    }
}

/// Writes the associations that the relations come to in a framework.
///
/// # Errors
///
/// Those of the writer.
pub fn write_associations(
    framework: Framework,
    schema: &Schema,
    relations: &Relations,
    out: &mut dyn Write,
) -> io::Result<()> {
    let plan = plan::plan(schema, relations, framework.reserved());
    let mut details = Details::default();
    let mut text = framework.render(&plan, &details);
    if let Some(reader) = framework.reader() {
        // Each round adds an option to whatever was misunderstood; after these there is none left to add.
        for _ in 0..4 {
            let models = framework.read_back(reader, &text);
            if !complete(&plan, &text, &models, &mut details) {
                break;
            }
            text = framework.render(&plan, &details);
        }
    }
    out.write_all(text.written.as_bytes())
}

impl Framework {
    fn render(self, plan: &Plan<'_>, details: &Details) -> Text {
        match self {
            Self::Sequelize => sequelize::render(plan, details),
            Self::Sequelize7 => sequelize_seven::render(plan, details),
            Self::Eloquent => eloquent::render(plan, details),
            Self::ActiveRecord => active_record::render(plan, details),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sequelize | Self::Sequelize7 => "sequelize",
            Self::Eloquent => "eloquent",
            Self::ActiveRecord => "active_record",
        }
    }

    fn reader(self) -> Option<&'static dyn OrmReader> {
        orm::ALL.iter().copied().find(|reader| reader.name() == self.name())
    }

    fn read_back(self, reader: &dyn OrmReader, text: &Text) -> Vec<Model> {
        let path = match self {
            Self::Sequelize => "models/index.js",
            Self::Sequelize7 => "models/index.ts",
            Self::Eloquent => "app/Models/models.php",
            Self::ActiveRecord => "app/models/models.rb",
        };
        let file = SourceFile {
            path: path.to_owned(),
            text: text.written.clone(),
        };
        reader.read(&[file]).models
    }
}

/// Asks for more of whatever was read otherwise than it is meant; whether there is anything.
fn complete(plan: &Plan<'_>, text: &Text, models: &[Model], details: &mut Details) -> bool {
    let mut changed = false;
    for (at, planned) in plan.models.iter().enumerate() {
        let Some(model) = models.iter().find(|model| is_called(model, &planned.class)) else {
            continue;
        };
        let found = model.table.as_ref();
        if found.is_none_or(|table| *table != planned.table_name()) && !details.names_table(at) {
            details.tables.insert(at, true);
            changed = true;
        }
    }
    if changed {
        // Other names follow from those of tables.
        return true;
    }
    for (place, (first, last)) in &text.places {
        let planned = plan.models.get(place.0).and_then(|model| {
            let association = model.associations.get(place.1)?;
            Some((model, association))
        });
        let Some((model, planned)) = planned else { continue };
        // Of what a line says of both ends, the end of the model that it stands in.
        let own = models.iter().filter(|read| is_called(read, &model.class));
        let read = own
            .flat_map(|model| &model.associations)
            .find(|association| (*first..=*last).contains(&association.location.line));
        if read.is_some_and(|read| is_as_planned(plan, model, planned, read)) {
            continue;
        }
        if let Some(next) = details.of(place.0, place.1).next() {
            details.associations.insert(*place, next);
            changed = true;
        }
    }
    changed
}

fn is_called(model: &Model, class: &str) -> bool {
    model.name.rsplit([':', '\\']).next() == Some(class)
}

fn is_as_planned(plan: &Plan<'_>, model: &PlannedModel<'_>, planned: &Planned<'_>, read: &Association) -> bool {
    match (&planned.what, &read.link) {
        (
            What::BelongsTo(reference) | What::HasOne(reference) | What::HasMany(reference),
            Link::Direct { child, parent },
        ) => is_same(plan, &reference.joint, child, parent),
        (
            What::ManyToMany { join, owner, target },
            Link::JoinTable {
                owner_key,
                owner: own,
                target_key,
                target: other,
            },
        ) => {
            owner_key.table == join.table_name()
                && is_same(plan, owner, owner_key, own)
                && is_same(plan, target, target_key, other)
        }
        // What goes through a join model is right where its two references are.
        (What::ManyToMany { .. }, Link::Through { .. })
        | (What::MorphTo, Link::PolymorphicChild { .. })
        | (What::Morphed { .. }, Link::PolymorphicParent { .. }) => {
            read.target
                .as_deref()
                .is_none_or(|target| is_last(target, &planned.target))
                || !model.class.is_empty()
        }
        _ => false,
    }
}

fn is_last(name: &str, class: &str) -> bool {
    name.rsplit([':', '\\']).next() == Some(class)
}

fn is_same(plan: &Plan<'_>, joint: &Joint, child: &End, parent: &End) -> bool {
    let table = |end: &End, wanted: &crate::schema::TableName| {
        let planned = plan.models.iter().find(|model| model.table.name == *wanted);
        planned.map_or(end.table.table == wanted.table, |model| model.table_name() == end.table)
    };
    let primary = plan
        .models
        .iter()
        .find(|model| model.table.name == joint.parent.table)
        .and_then(|model| model.table.primary_key());
    let parent_columns = if parent.columns.is_empty() {
        primary.map_or(&[][..], |key| key.columns.as_slice())
    } else {
        parent.columns.as_slice()
    };
    table(child, &joint.child.table)
        && table(parent, &joint.parent.table)
        && child.columns == joint.child.columns
        && parent_columns == joint.parent.columns
}
