//! A declaration with its arguments → the columns that it goes over, with every default of the framework.

use super::application::Member;
use super::associations::{Models, class_of};
use super::class::Step;
use super::evaluate::{Place, Value};
use super::framework::Declarer;
use super::inflect::{morph_table_of, snake};
use super::model::{Names, Unclear, in_namespace};
use crate::schema::{End, Ident, Link, PolymorphicEnd, TableName, UnknownOption};

/// A call that declares an association, with its arguments at their parameters.
pub(super) struct Call {
    declarer: Declarer,
    values: Vec<(&'static str, Value)>,
    /// Arguments that PHP refuses or ignores.
    pub(super) unknown: Vec<UnknownOption>,
}

/// What a declaration leads to.
pub(super) struct Linked {
    /// The other model.
    pub(super) target: Option<String>,
    pub(super) link: Result<Link, Unclear>,
}

impl Call {
    /// Puts the arguments of a call to their parameters.
    pub(super) fn new(place: &Place<'_>, declarer: Declarer, step: &Step) -> Self {
        let parameters = declarer.parameters();
        let mut values = Vec::new();
        let mut unknown = Vec::new();
        for (position, argument) in step.arguments.iter().enumerate() {
            let parameter = match &argument.name {
                Some(name) => parameters.iter().find(|parameter| *parameter == name),
                None => parameters.get(position),
            };
            if let Some(parameter) = parameter {
                values.push((*parameter, place.value(&argument.value)));
                continue;
            }
            let (word, known) = (declarer.word(), parameters.join("`, `"));
            let (option, why) = match &argument.name {
                Some(name) => (
                    name.clone(),
                    format!("PHP refuses it: the parameters of {word} are `{known}`"),
                ),
                None => (
                    format!("argument {}", position.saturating_add(1)),
                    format!("PHP ignores it: the parameters of {word} are `{known}`"),
                ),
            };
            unknown.push(UnknownOption {
                option,
                why,
                location: argument.location.clone(),
            });
        }
        Self {
            declarer,
            values,
            unknown,
        }
    }

    fn value(&self, parameter: &str) -> &Value {
        let bound = self.values.iter().find(|(name, _)| *name == parameter);
        bound.map_or(&Value::Null, |(_, value)| value)
    }

    /// A string argument; `None` where the framework's default holds.
    fn text(&self, parameter: &str) -> Result<Option<String>, Unclear> {
        match self.value(parameter) {
            Value::Null => Ok(None),
            Value::Text(text) if text.is_empty() => Ok(None),
            Value::Text(text) => Ok(Some(text.clone())),
            value => Err(unclear(parameter, value)),
        }
    }

    /// The columns of a key argument: the framework knows one, packages for composite keys take a list.
    fn key(&self, parameter: &str) -> Result<Option<Vec<Ident>>, Unclear> {
        let Value::List(entries) = self.value(parameter) else {
            // A key may be qualified with its table.
            let column = |text: String| Ident::new(text.rsplit('.').next().unwrap_or(&text));
            return Ok(self.text(parameter)?.map(|text| vec![column(text)]));
        };
        let columns = entries.iter().map(|(_, value)| match value {
            Value::Text(column) => Ok(Ident::new(column.as_str())),
            value => Err(unclear(parameter, value)),
        });
        columns.collect::<Result<Vec<Ident>, Unclear>>().map(Some)
    }

    /// The columns of a key argument, or the default for it.
    fn key_or(
        &self,
        parameter: &str,
        default: impl FnOnce() -> Result<Vec<Ident>, Unclear>,
    ) -> Result<Vec<Ident>, Unclear> {
        self.key(parameter)?.map_or_else(default, Ok)
    }

    /// What the declaration leads to, from the model that has it.
    pub(super) fn link(&self, models: &Models<'_>, own: &Names, member: Member<'_>) -> Linked {
        if self.declarer == Declarer::MorphTo {
            return Linked {
                target: None,
                link: self.morph_to(own, member.method.name.as_str()),
            };
        }
        let related = self.value("related");
        let Some(class) = class_of(related) else {
            return Linked {
                target: None,
                link: Err(unclear("related", related)),
            };
        };
        let target = models.related(class);
        Linked {
            target: Some(target.as_ref().map_or(class.to_owned(), |target| target.class.clone())),
            link: target.and_then(|target| self.to(models, own, &target, member)),
        }
    }

    fn to(&self, models: &Models<'_>, own: &Names, target: &Names, member: Member<'_>) -> Result<Link, Unclear> {
        match self.declarer {
            Declarer::BelongsTo => self.belongs_to(own, target, member.method.name.as_str()),
            Declarer::HasOne | Declarer::HasMany => self.has(own, target),
            Declarer::BelongsToMany => self.belongs_to_many(models, own, target),
            Declarer::MorphOne | Declarer::MorphMany => {
                let child = self.morphs(target.table.clone()?, "type", "id")?;
                Ok(Link::PolymorphicParent {
                    child,
                    value: own.morph.clone()?,
                    parent: self.end(own, "localKey")?,
                })
            }
            Declarer::MorphToMany => self.morph_to_many(models, own, target),
            Declarer::MorphedByMany => self.morphed_by_many(models, own, target),
            Declarer::HasOneThrough | Declarer::HasManyThrough => match class_of(self.value("through")) {
                Some(class) => Ok(Link::Through {
                    via: models.related(class)?.class,
                }),
                None => Err(unclear("through", self.value("through"))),
            },
            Declarer::MorphTo => Err(Unclear::until_run("morphTo has no single target")),
        }
    }

    /// A model's end of a relation: the column that the argument names, else its key.
    fn end(&self, model: &Names, parameter: &str) -> Result<End, Unclear> {
        let columns = self.key_or(parameter, || model.key.clone())?;
        Ok(End::new(model.table.clone()?, columns))
    }

    fn belongs_to(&self, own: &Names, target: &Names, method: &str) -> Result<Link, Unclear> {
        let parent = self.end(target, "ownerKey")?;
        let child = self.key_or("foreignKey", || {
            let relation = self.text("relation")?;
            let name = snake(relation.as_deref().unwrap_or(method));
            let key = single(target)?;
            Ok(vec![Ident::new(format!("{name}_{key}"))])
        })?;
        Ok(Link::Direct {
            child: End::new(own.table.clone()?, child),
            parent,
        })
    }

    fn has(&self, own: &Names, target: &Names) -> Result<Link, Unclear> {
        let child = self.key_or("foreignKey", || own.foreign_key.clone().map(|key| vec![key]))?;
        Ok(Link::Direct {
            child: End::new(target.table.clone()?, child),
            parent: self.end(own, "localKey")?,
        })
    }

    fn belongs_to_many(&self, models: &Models<'_>, own: &Names, target: &Names) -> Result<Link, Unclear> {
        let table = if let Some(table) = self.text("table")? {
            joined(models, own, &table)?
        } else {
            let mut segments = [own.segment.clone()?, target.segment.clone()?];
            segments.sort();
            in_namespace(&segments.join("_").to_lowercase(), &own.prefix)
        };
        let owner_key = self.key_or("foreignPivotKey", || own.foreign_key.clone().map(|key| vec![key]))?;
        let target_key = self.key_or("relatedPivotKey", || target.foreign_key.clone().map(|key| vec![key]))?;
        Ok(Link::JoinTable {
            owner_key: End::new(table.clone(), owner_key),
            owner: self.end(own, "parentKey")?,
            target_key: End::new(table, target_key),
            target: self.end(target, "relatedKey")?,
        })
    }

    fn morph_to(&self, own: &Names, method: &str) -> Result<Link, Unclear> {
        let name = snake(&self.text("name")?.unwrap_or_else(|| method.to_owned()));
        let (type_column, id) = (self.text("type")?, self.text("id")?);
        Ok(Link::PolymorphicChild {
            child: PolymorphicEnd {
                table: own.table.clone()?,
                type_column: type_column.unwrap_or_else(|| format!("{name}_type")).into(),
                id_columns: vec![id.unwrap_or_else(|| format!("{name}_id")).into()],
            },
        })
    }

    /// The type and id columns of a table, named as the arguments say, else after the argument `name`.
    fn morphs(&self, table: TableName, type_parameter: &str, id_parameter: &str) -> Result<PolymorphicEnd, Unclear> {
        let name = self.text("name")?;
        let column = |parameter: &str, ending: &str| match (self.text(parameter)?, &name) {
            (Some(column), _) => Ok(Ident::new(column)),
            (None, Some(name)) => Ok(Ident::new(format!("{name}_{ending}"))),
            (None, None) => Err(Unclear::wrong(format!("{} needs a name", self.declarer.word()))),
        };
        Ok(PolymorphicEnd {
            table,
            type_column: column(type_parameter, "type")?,
            id_columns: vec![column(id_parameter, "id")?],
        })
    }

    fn morph_table(&self, models: &Models<'_>, own: &Names) -> Result<TableName, Unclear> {
        match (self.text("table")?, self.text("name")?) {
            (Some(table), _) => joined(models, own, &table),
            (None, Some(name)) => Ok(in_namespace(&morph_table_of(&name), &own.prefix)),
            (None, None) => Err(Unclear::wrong(format!("{} needs a name", self.declarer.word()))),
        }
    }

    fn morph_to_many(&self, models: &Models<'_>, own: &Names, target: &Names) -> Result<Link, Unclear> {
        let table = self.morph_table(models, own)?;
        // There is no parameter for the type column.
        let child = self.morphs(table.clone(), "", "foreignPivotKey")?;
        let other_key = self.key_or("relatedPivotKey", || target.foreign_key.clone().map(|key| vec![key]))?;
        Ok(Link::PolymorphicJoinTable {
            child,
            value: own.morph.clone()?,
            parent: self.end(own, "parentKey")?,
            other_key: End::new(table, other_key),
            other: self.end(target, "relatedKey")?,
        })
    }

    fn morphed_by_many(&self, models: &Models<'_>, own: &Names, target: &Names) -> Result<Link, Unclear> {
        let table = self.morph_table(models, own)?;
        let child = self.morphs(table.clone(), "", "relatedPivotKey")?;
        let other_key = self.key_or("foreignPivotKey", || own.foreign_key.clone().map(|key| vec![key]))?;
        Ok(Link::PolymorphicJoinTable {
            child,
            value: target.morph.clone()?,
            parent: self.end(target, "relatedKey")?,
            other_key: End::new(table, other_key),
            other: self.end(own, "parentKey")?,
        })
    }
}

/// A join table as an argument names it: by a class, or by its own name.
fn joined(models: &Models<'_>, own: &Names, table: &str) -> Result<TableName, Unclear> {
    if table.contains('\\') {
        models.related(table)?.table
    } else {
        Ok(in_namespace(table, &own.prefix))
    }
}

/// The one column of a model's key.
fn single(model: &Names) -> Result<Ident, Unclear> {
    match model.key.clone()?.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(Unclear::wrong(format!(
            "the key of `{}` has more than one column: Laravel has no default name for keys to it",
            model.class
        ))),
    }
}

fn unclear(parameter: &str, value: &Value) -> Unclear {
    match value {
        Value::Unknown(code) => Unclear::until_run(format!(
            "its `{parameter}` is {code}, which is known only when the code runs"
        )),
        Value::Null => Unclear::wrong(format!("it has no `{parameter}`")),
        Value::List(_) => Unclear::until_run(format!("its `{parameter}` is a list")),
        Value::Text(text) | Value::Object(text) => Unclear::until_run(format!("its `{parameter}` is `{text}`")),
    }
}
