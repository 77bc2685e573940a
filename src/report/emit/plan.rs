//! Which models and associations a database comes to, whatever the framework.

use std::collections::BTreeMap;

use crate::relation::{Cardinality, Polymorphic, Relation, Relations, Tier};
use crate::schema::{Action, Column, ColumnSet, Ident, Joint, Schema, Table, TableName};

use super::reserved::Reserved;
use super::words;

/// The models of a database.
#[derive(Debug)]
pub(super) struct Plan<'s> {
    pub(super) models: Vec<PlannedModel<'s>>,
    /// Whether most keys are written `user_id`, and not `userId`.
    pub(super) underscored: bool,
}

/// A table's model.
#[derive(Debug)]
pub(super) struct PlannedModel<'s> {
    /// In capitals, singular: `OrderLine`.
    pub(super) class: String,
    pub(super) table: &'s Table,
    /// The namespace to name, where the database has several.
    pub(super) namespace: Option<Ident>,
    /// The columns that a framework cannot know by itself: keys that are not called `id`.
    pub(super) keys: Vec<&'s Column>,
    pub(super) associations: Vec<Planned<'s>>,
    /// What no framework of the three can say.
    pub(super) remarks: Vec<String>,
    reserved: &'static Reserved,
}

/// An association.
#[derive(Debug)]
pub(super) struct Planned<'s> {
    /// In small letters with underscores.
    pub(super) name: String,
    /// Whether the name says more than the other model's.
    pub(super) has_role: bool,
    /// The other model's class.
    pub(super) target: String,
    pub(super) what: What<'s>,
}

/// What an association is.
#[derive(Debug)]
pub(super) enum What<'s> {
    BelongsTo(Reference),
    HasOne(Reference),
    HasMany(Reference),
    /// Through a join table that is nothing else.
    ManyToMany {
        join: Join<'s>,
        owner: Joint,
        target: Joint,
    },
    /// `commentable`, by `commentable_type` and `commentable_id`.
    MorphTo,
    /// The parent's end of that, with the child's name for it.
    Morphed {
        by: String,
    },
}

/// A table that is nothing but the rows of a many-to-many.
#[derive(Debug, Clone)]
pub(super) struct Join<'s> {
    /// The class of its rows, for frameworks that need one.
    pub(super) class: String,
    pub(super) table: &'s Table,
    /// The namespace to name, where the database has several.
    pub(super) namespace: Option<Ident>,
}

/// A reference, with what the database does about it.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) joint: Joint,
    /// Whether the parent's columns are its primary key.
    pub(super) to_primary_key: bool,
    pub(super) optional: bool,
    pub(super) on_delete: Option<Action>,
}

/// The models and associations of everything that is at least likely to be meant.
pub(super) fn plan<'s>(schema: &'s Schema, relations: &Relations, reserved: &'static Reserved) -> Plan<'s> {
    let tables: Vec<&Table> = schema.relation_tables().collect();
    let classes = tables
        .iter()
        .map(|table| &table.name)
        .zip(words::classes(&tables, reserved));
    let classes: BTreeMap<&TableName, String> = classes.collect();
    let joins = join_tables(schema, relations, &classes);
    let is_join = |table: &TableName| joins.iter().any(|join| join.owner.child.table == *table);
    let mut models: BTreeMap<&TableName, PlannedModel<'s>> = tables
        .iter()
        .filter(|table| !is_join(&table.name))
        .map(|table| {
            let class = classes.get(&table.name).cloned().unwrap_or_default();
            (&table.name, model(schema, table, class, reserved))
        })
        .collect();
    let meant: Vec<&Relation> = relations
        .relations
        .iter()
        .filter(|relation| relation.tier() <= Tier::Likely)
        .collect();
    let kept: Vec<&Relation> = meant
        .iter()
        .copied()
        .filter(|relation| !is_join(&relation.child.table))
        .filter(|relation| models.contains_key(&relation.child.table) && models.contains_key(&relation.parent.table))
        .collect();
    for relation in &kept {
        let alone = kept.iter().filter(|other| joins_same(other, relation)).count() == 1;
        add_relation(schema, &mut models, relation, alone);
    }
    for join in &joins {
        add_join_table(&mut models, join);
    }
    for pair in &relations.polymorphic {
        add_pair(&mut models, pair);
    }
    let keys = meant.iter().flat_map(|relation| &relation.child.columns);
    let (with, without): (Vec<&Ident>, Vec<&Ident>) = keys.partition(|key| key.as_str().contains('_'));
    Plan {
        // A table that nothing leads to or from has nothing to declare.
        models: models
            .into_values()
            .filter(|model| !model.associations.is_empty() || !model.remarks.is_empty())
            .collect(),
        // Sequelize would write the others in small letters too.
        underscored: with.len() > without.len() && !meant.iter().any(|relation| has_capitals(relation)),
    }
}

fn has_capitals(relation: &Relation) -> bool {
    let mut columns = relation.child.columns.iter().chain(&relation.parent.columns);
    columns.any(|column| column.as_str().contains(char::is_uppercase))
}

fn joins_same(one: &Relation, other: &Relation) -> bool {
    one.child.table == other.child.table && one.parent.table == other.parent.table
}

fn model<'s>(schema: &Schema, table: &'s Table, class: String, reserved: &'static Reserved) -> PlannedModel<'s> {
    let key = table.primary_key().map_or(&[][..], |key| key.columns.as_slice());
    let named = key.iter().filter(|column| key.len() > 1 || column.as_str() != "id");
    PlannedModel {
        class,
        table,
        namespace: namespace(schema, &table.name),
        keys: named.filter_map(|name| table.column(name)).collect(),
        associations: Vec::new(),
        remarks: Vec::new(),
        reserved,
    }
}

/// The namespace of a table as an application has to name it.
fn namespace(schema: &Schema, table: &TableName) -> Option<Ident> {
    let own = table.namespace.as_ref().filter(|own| own.as_str() != "public")?;
    let mut tables = schema.relation_tables();
    let is_other = |other: &Table| other.name.namespace.as_ref() != Some(own);
    tables.any(is_other).then(|| own.clone())
}

/// A join table that nothing refers to and that refers to its two sides alone.
struct JoinTable<'s> {
    join: Join<'s>,
    owner: Joint,
    target: Joint,
}

fn join_tables<'s>(
    schema: &'s Schema,
    relations: &Relations,
    classes: &BTreeMap<&TableName, String>,
) -> Vec<JoinTable<'s>> {
    let joint = |relation: &Relation| Joint::new(relation.child.clone(), relation.parent.clone());
    let links = relations.many_to_many.iter().filter_map(|link| {
        let (left, right) = (
            relations.relations.get(link.left)?,
            relations.relations.get(link.right)?,
        );
        let table = schema.table(&link.join_table)?;
        let others = relations.of_child(&link.join_table).count() > 2;
        let is_parent = relations
            .relations
            .iter()
            .any(|relation| relation.parent.table == link.join_table);
        let simple = left.child.columns.len() == 1 && right.child.columns.len() == 1;
        let is_self = left.parent.table == right.parent.table;
        (!others && !is_parent && simple && !is_self).then(|| JoinTable {
            join: Join {
                class: classes.get(&table.name).cloned().unwrap_or_default(),
                table,
                namespace: namespace(schema, &table.name),
            },
            owner: joint(left),
            target: joint(right),
        })
    });
    links.collect()
}

fn add_relation(
    schema: &Schema,
    models: &mut BTreeMap<&TableName, PlannedModel<'_>>,
    relation: &Relation,
    alone: bool,
) {
    let reference = || {
        let parent = schema.table(&relation.parent.table);
        let key = parent.and_then(Table::primary_key);
        Reference {
            joint: Joint::new(relation.child.clone(), relation.parent.clone()),
            to_primary_key: key.is_some_and(|key| key.columns == relation.parent.columns),
            optional: relation.optional,
            on_delete: relation.foreign_key(schema).map(|key| key.on_delete),
        }
    };
    let Some(parent_class) = models.get(&relation.parent.table).map(|model| model.class.clone()) else {
        return;
    };
    let wanted = words::belongs_name(relation);
    let Some(child) = models.get_mut(&relation.child.table) else {
        return;
    };
    let name = child.free_name(&wanted);
    let child_class = child.class.clone();
    let has_role = name != words::singular(&relation.parent.table);
    child.associations.push(Planned {
        name: name.clone(),
        has_role,
        target: parent_class,
        what: What::BelongsTo(reference()),
    });
    let one = relation.cardinality == Cardinality::OneToOne;
    let plain = if one {
        words::singular(&relation.child.table)
    } else {
        words::plural(&relation.child.table)
    };
    let wanted = match (alone, relation.is_self_reference()) {
        (true, false) => plain.clone(),
        (_, true) if name == "parent" && !one => "children".to_owned(),
        _ if has_role => format!("{name}_{plain}"),
        _ => plain.clone(),
    };
    let Some(parent) = models.get_mut(&relation.parent.table) else {
        return;
    };
    // The framework must know a column that is referenced and is no primary key.
    for column in relation
        .parent
        .columns
        .iter()
        .filter_map(|name| parent.table.column(name))
    {
        if column.name.as_str() != "id" && !parent.keys.contains(&column) {
            parent.keys.push(column);
        }
    }
    let name = parent.free_name(&wanted);
    parent.associations.push(Planned {
        has_role: name != plain,
        name,
        target: child_class,
        what: if one {
            What::HasOne(reference())
        } else {
            What::HasMany(reference())
        },
    });
}

fn add_join_table<'s>(models: &mut BTreeMap<&TableName, PlannedModel<'s>>, joined: &JoinTable<'s>) {
    for (owner, target) in [(&joined.owner, &joined.target), (&joined.target, &joined.owner)] {
        let Some(class) = models.get(&target.parent.table).map(|model| model.class.clone()) else {
            continue;
        };
        if let Some(model) = models.get_mut(&owner.parent.table) {
            let plain = words::plural(&target.parent.table);
            let name = model.free_name(&plain);
            model.associations.push(Planned {
                has_role: name != plain,
                name,
                target: class,
                what: What::ManyToMany {
                    join: joined.join.clone(),
                    owner: owner.clone(),
                    target: target.clone(),
                },
            });
        }
    }
}

fn add_pair(models: &mut BTreeMap<&TableName, PlannedModel<'_>>, pair: &Polymorphic) {
    let Some(child) = models.get_mut(&pair.child) else {
        return;
    };
    let by = pair.type_column.as_str().strip_suffix("_type");
    let fits = |by: &&str| matches!(pair.id_columns.as_slice(), [id] if id.as_str() == format!("{by}_id"));
    let Some(by) = by.filter(fits) else {
        child.remarks.push(format!("{} is a polymorphic pair", pair.columns()));
        return;
    };
    let name = child.free_name(by);
    let class = child.class.clone();
    let many = words::plural(&pair.child);
    child.associations.push(Planned {
        name,
        has_role: true,
        target: class.clone(),
        what: What::MorphTo,
    });
    for target in &pair.targets {
        if let Some(parent) = models.get_mut(&target.parent.table) {
            let name = parent.free_name(&many);
            parent.associations.push(Planned {
                name,
                has_role: false,
                target: class.clone(),
                what: What::Morphed { by: by.to_owned() },
            });
        }
    }
}

impl PlannedModel<'_> {
    /// A name that no column, no other association of the model and no word of the framework has.
    fn free_name(&self, wanted: &str) -> String {
        let is_free = |name: &str| {
            let own = |planned: &Planned<'_>| planned.name == name;
            self.table.find_column(name).is_none()
                && self.table.find_column(&words::camel(name)).is_none()
                && !self.associations.iter().any(own)
        };
        let related = format!("related_{wanted}");
        let is_reserved = self.reserved.is_association(wanted);
        let wanted = if is_reserved { &related } else { wanted };
        if is_free(wanted) {
            return wanted.to_owned();
        }
        // Of one more than there are names, one is free.
        let most = self.table.columns.len() + self.associations.len() + 2;
        (2..=most)
            .map(|number| format!("{wanted}_{number}"))
            .find(|name| is_free(name))
            .unwrap_or_else(|| wanted.to_owned())
    }

    /// The name of its table as a framework is told it.
    pub(super) fn table_name(&self) -> TableName {
        TableName {
            namespace: self.namespace.clone(),
            table: self.table.name.table.clone(),
        }
    }
}

impl Join<'_> {
    /// Its name as a framework is told it.
    pub(super) fn table_name(&self) -> TableName {
        TableName {
            namespace: self.namespace.clone(),
            table: self.table.name.table.clone(),
        }
    }

    /// Whether it holds the two keys and nothing more.
    pub(super) fn is_bare(&self) -> bool {
        self.table.columns.len() == 2
    }
}

impl What<'_> {
    /// The reference of a plain association.
    pub(super) fn reference(&self) -> Option<&Reference> {
        match self {
            Self::BelongsTo(reference) | Self::HasOne(reference) | Self::HasMany(reference) => Some(reference),
            _ => None,
        }
    }
}

impl Reference {
    /// Child's and parent's column, where there is one of each.
    pub(super) fn single(&self) -> Option<(&Ident, &Ident)> {
        let one = |set: &ColumnSet| set.columns.len() == 1;
        let (child, parent) = (&self.joint.child, &self.joint.parent);
        (one(child) && one(parent)).then(|| child.columns.first().zip(parent.columns.first()))?
    }
}
