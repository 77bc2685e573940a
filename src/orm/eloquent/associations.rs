//! What a model's methods declare.

use std::collections::BTreeMap;

use super::application::{Application, Member};
use super::class::{Chain, Class, Root, Sort, Step, UsedAs};
use super::evaluate::{Place, Value};
use super::expression::{ClassName, Expression};
use super::framework::{self, Declarer, Effect, RELATION_CLASSES, effect};
use super::links::{Call, Linked};
use super::model::{self, Names, Unclear};
use super::morph_map::MorphNames;
use crate::schema::{Association, AssociationKind, Link, Note};

/// Associations that are made of others further than this go round in a circle.
const MAX_DEPTH: u8 = 8;

/// All that is known of all models.
pub(super) struct Models<'a> {
    pub(super) application: &'a Application,
    pub(super) morphs: &'a MorphNames,
    /// By class in lower case.
    names: BTreeMap<String, Names>,
}

impl<'a> Models<'a> {
    /// Works out the names of all models.
    pub(super) fn new(application: &'a Application, morphs: &'a MorphNames) -> Self {
        let models = application
            .classes()
            .into_iter()
            .filter(|class| application.base(class).is_some());
        let names = models.filter_map(|class| {
            let names = model::names(application, morphs, &class.name)?;
            Some((class.name.to_ascii_lowercase(), names))
        });
        Self {
            application,
            morphs,
            names: names.collect(),
        }
    }

    /// The names of a model of the application.
    pub(super) fn names(&self, class: &str) -> Option<&Names> {
        self.names.get(&class.to_ascii_lowercase())
    }

    /// The names of a model that an association names.
    pub(super) fn related(&self, class: &str) -> Result<Names, Unclear> {
        let class = class.trim_start_matches('\\');
        if let Some(found) = self.application.class(class) {
            return match (found.sort, self.names(class)) {
                (Sort::Concrete, Some(names)) => Ok(names.clone()),
                (Sort::Concrete, None) if self.application.line(found).1.is_none() => {
                    Err(Unclear::wrong(format!("`{class}` is no model")))
                }
                (Sort::Abstract, _) => Err(Unclear::wrong(format!("`{class}` is abstract"))),
                (Sort::Concrete, None) => model::names(self.application, self.morphs, class)
                    .ok_or_else(|| Unclear::until_run(format!("`{class}` is no model as far as could be followed"))),
                (Sort::Trait | Sort::Constants, _) => Err(Unclear::until_run(format!(
                    "`{class}` is no class: what stands for it is told elsewhere"
                ))),
            };
        }
        model::names(self.application, self.morphs, class).ok_or_else(|| Unclear {
            why: format!("there is no class `{class}` in the files"),
            wrong: self.application.knows_namespace_of(class),
        })
    }

    /// All associations of a model, with notes on what could not be followed.
    pub(super) fn associations(&self, class: &Class) -> (Vec<Association>, Vec<Note>) {
        let mut associations = Vec::new();
        let mut notes = Vec::new();
        for member in self.application.members(class) {
            if Declarer::of(member.name).is_some() {
                continue; // The model's own way to declare associations.
            }
            let found = self.of_member(class, member, &mut notes, 0);
            if found.is_empty() {
                notes.extend(not_followed(member));
            }
            associations.extend(found);
        }
        (associations, notes)
    }

    fn of_member(&self, class: &'a Class, member: Member<'a>, notes: &mut Vec<Note>, depth: u8) -> Vec<Association> {
        let mut found: Vec<Association> = Vec::new();
        if depth > MAX_DEPTH {
            return found;
        }
        for chain in &member.method.body.chains {
            let read = match chain.declaring() {
                Some(at) => self
                    .declared(class, member, chain, at, notes, depth)
                    .into_iter()
                    .collect(),
                None => self.derived(class, member, chain, notes, depth),
            };
            for association in read {
                let is_same = |known: &Association| {
                    known.link == association.link
                        && known.kind == association.kind
                        && known.scoped == association.scoped
                };
                if !found.iter().any(is_same) {
                    found.push(association);
                }
            }
        }
        found
    }

    fn declared(
        &self,
        class: &'a Class,
        member: Member<'a>,
        chain: &Chain,
        at: usize,
        notes: &mut Vec<Note>,
        depth: u8,
    ) -> Option<Association> {
        let (step, rest) = chain.steps.get(at..)?.split_first()?;
        let place = Place::of_class(self.application, Some(class)).in_member(member);
        let Some(declarer) = Declarer::of(&step.name) else {
            return self.through(class, member, step, rest, depth);
        };
        if let Some(parameter) = taken_from_parameter(member, step) {
            notes.push(Note {
                message: format!(
                    "`{}` takes what it declares from its parameter `${parameter}`: it is not followed.",
                    member.name
                ),
                location: Some(step.location.clone()),
            });
            return None;
        }
        let own = self.names(&class.name)?;
        let call = Call::new(&place, declarer, step);
        let Linked { target, link } = call.link(self, own, member);
        let link = link.unwrap_or_else(|unclear| Link::Unresolved {
            why: unclear.why,
            dangling: unclear.wrong,
        });
        let association = Association {
            name: member.name.to_owned(),
            kind: kind(declarer),
            declared_as: declarer.word(),
            target,
            link,
            optional: None,
            on_delete: None,
            constraint: true,
            scoped: false,
            implied: false,
            inverse: None,
            unknown_options: call.unknown,
            location: step.location.clone(),
        };
        Some(followed_by(association, &calls_after(member, chain, rest), rest))
    }

    /// `$this->through('cars')->has('owner')`: an association over two others (Laravel 10 and later).
    fn through(
        &self,
        class: &'a Class,
        member: Member<'a>,
        step: &Step,
        rest: &[Step],
        depth: u8,
    ) -> Option<Association> {
        let (second, rest) = rest.split_first()?;
        let via = named(&step.name, framework::through, step)?;
        let far = named(&second.name, framework::has, second)?;
        let near = self.named_association(class, &via, depth)?;
        let between = near.target.as_deref().and_then(|target| self.application.class(target));
        let far = between.and_then(|between| self.named_association(between, &far, depth));
        let is_many = |association: &Association| association.kind == AssociationKind::HasMany;
        let many = is_many(&near) || far.as_ref().is_some_and(is_many);
        let association = Association {
            name: member.name.to_owned(),
            kind: if many {
                AssociationKind::HasMany
            } else {
                AssociationKind::HasOne
            },
            declared_as: if many { "hasManyThrough" } else { "hasOneThrough" },
            target: far.and_then(|far| far.target),
            link: Link::Through { via },
            location: step.location.clone(),
            unknown_options: Vec::new(),
            ..near
        };
        Some(followed_by(association, &names_of(rest), rest))
    }

    fn named_association(&self, class: &'a Class, name: &str, depth: u8) -> Option<Association> {
        let member = self.application.member(class, name)?;
        let found = self.of_member(class, member, &mut Vec::new(), depth.saturating_add(1));
        found.into_iter().next()
    }

    /// A method that returns another association with more calls on it: `$this->posts()->where(…)`, `parent::posts()`.
    fn derived(
        &self,
        class: &'a Class,
        member: Member<'a>,
        chain: &Chain,
        notes: &mut Vec<Note>,
        depth: u8,
    ) -> Vec<Association> {
        let Some((first, rest)) = chain.steps.split_first() else {
            return Vec::new();
        };
        let base = match &chain.root {
            Root::This => self.application.member(class, &first.name),
            Root::Class(ClassName::Parent) => self.application.inherited(member.own, &first.name),
            Root::Class(_) => None,
        };
        let Some(base) = base.filter(|base| !std::ptr::eq(base.method, member.method)) else {
            return Vec::new();
        };
        let calls = calls_after(member, chain, rest);
        // What is run gives rows and no association; what is no word of the framework can do so too.
        let stays = match &member.method.return_type {
            Some(_) => returns_relation(member),
            None => calls
                .iter()
                .all(|call| effect(call).is_some_and(|effect| effect != Effect::Run)),
        };
        if !stays || chain.result == UsedAs::Other {
            return Vec::new();
        }
        let found = self.of_member(class, base, notes, depth.saturating_add(1)).into_iter();
        let renamed = found.map(|association| Association {
            name: member.name.to_owned(),
            location: first.location.clone(),
            unknown_options: Vec::new(),
            ..association
        });
        renamed
            .map(|association| followed_by(association, &calls, rest))
            .collect()
    }
}

/// What `through('cars')` and `throughCars()` name.
fn named(method: &str, rest: fn(&str) -> Option<String>, step: &Step) -> Option<String> {
    let name = rest(method)?;
    if !name.is_empty() {
        return Some(name);
    }
    match &step.arguments.first()?.value {
        Expression::Text(name) => Some(name.clone()),
        Expression::Call(object, name, _) if **object == Expression::This => Some(name.clone()),
        _ => None,
    }
}

fn kind(declarer: Declarer) -> AssociationKind {
    match declarer {
        Declarer::BelongsTo | Declarer::MorphTo => AssociationKind::BelongsTo,
        Declarer::HasOne | Declarer::HasOneThrough | Declarer::MorphOne => AssociationKind::HasOne,
        Declarer::HasMany | Declarer::HasManyThrough | Declarer::MorphMany => AssociationKind::HasMany,
        Declarer::BelongsToMany | Declarer::MorphToMany | Declarer::MorphedByMany => AssociationKind::BelongsToMany,
    }
}

fn names_of(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.name.as_str()).collect()
}

/// The calls after a declaration, also on the variable that holds it.
fn calls_after<'s>(member: Member<'s>, chain: &'s Chain, rest: &'s [Step]) -> Vec<&'s str> {
    let mut calls = names_of(rest);
    if let UsedAs::Assigned(variable) = &chain.result {
        let later = member.method.body.called_on.get(variable);
        calls.extend(later.into_iter().flatten().map(String::as_str));
    }
    calls
}

/// An association with what the calls after it make of it.
fn followed_by(association: Association, calls: &[&str], steps: &[Step]) -> Association {
    // What is none of the framework's words is a scope of the model.
    let effects: Vec<Effect> = calls.iter().map(|call| effect(call).unwrap_or(Effect::Limit)).collect();
    let has = |wanted: Effect| effects.contains(&wanted);
    let kind = match association.kind {
        AssociationKind::HasMany if has(Effect::One) => AssociationKind::HasOne,
        kind => kind,
    };
    let limits = has(Effect::Limit) || (kind == AssociationKind::HasOne && has(Effect::Order));
    let inverse = steps
        .iter()
        .find(|step| matches!(step.name.as_str(), "inverse" | "chaperone"));
    let inverse = inverse.and_then(|step| match &step.arguments.first()?.value {
        Expression::Text(name) => Some(name.clone()),
        _ => None,
    });
    Association {
        kind,
        scoped: association.scoped || (limits && kind != AssociationKind::BelongsTo),
        inverse: inverse.or(association.inverse),
        ..association
    }
}

/// The parameter of the method around that a declaration takes the other model from.
fn taken_from_parameter(member: Member<'_>, step: &Step) -> Option<String> {
    match &step.arguments.first()?.value {
        Expression::Variable(name) if member.method.parameters.contains(name) => Some(name.clone()),
        _ => None,
    }
}

fn returns_relation(member: Member<'_>) -> bool {
    let declared = member.method.return_type.as_deref();
    declared.is_some_and(|declared| RELATION_CLASSES.contains(&declared))
}

/// A note on a method that gives an association in a way that is not followed.
fn not_followed(member: Member<'_>) -> Option<Note> {
    let body = &member.method.body;
    let declared = returns_relation(member) && member.method.parameters.is_empty() && !body.returns.is_empty();
    if !declared && body.made_by_hand.is_none() {
        return None;
    }
    Some(Note {
        message: format!(
            "What `{}` of `{}` leads to could not be followed.",
            member.name, member.written_in.name
        ),
        location: body.made_by_hand.clone().or_else(|| member.method.location.clone()),
    })
}

/// A value as the name of a class.
pub(super) fn class_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(class) | Value::Object(class) => Some(class.trim_start_matches('\\')),
        _ => None,
    }
}
