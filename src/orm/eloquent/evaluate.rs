//! Expressions → the strings that they stand for, without running anything.

use std::collections::BTreeSet;

use super::application::{Application, Member};
use super::class::{Body, Class};
use super::expression::{Argument, ClassName, Expression};
use super::inflect::{class_basename, plural, plural_studly, singular, snake};
use super::model;

/// Expressions that lead to others further than this lead in a circle.
const MAX_DEPTH: u8 = 24;

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A string; the name of a class is one.
    Text(String),
    Null,
    List(Vec<(Option<String>, Value)>),
    /// An object of a class.
    Object(String),
    /// It is known only when the code runs: the code.
    Unknown(String),
}

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) application: &'a Application,
    /// The class of the object; `None` outside of classes.
    pub(super) class: Option<&'a Class>,
    /// The class in which it is written: what `self` and `parent` are about.
    pub(super) own: Option<&'a Class>,
    /// The method's body and parameters.
    pub(super) method: Option<(&'a Body, &'a BTreeSet<String>)>,
    pub(super) depth: u8,
    /// Whether the object is being made: what its constructor sets is not yet set.
    pub(super) being_made: bool,
}

impl<'a> Place<'a> {
    /// A place outside of methods.
    pub(super) fn of_class(application: &'a Application, class: Option<&'a Class>) -> Self {
        Self {
            application,
            class,
            own: class,
            method: None,
            depth: 0,
            being_made: false,
        }
    }

    /// A place in a method of the class.
    pub(super) fn in_member(self, member: Member<'a>) -> Self {
        Self {
            own: Some(member.own),
            method: Some((&member.method.body, &member.method.parameters)),
            ..self
        }
    }

    /// The same object, in a class that it extends.
    pub(super) fn written_in(self, own: &'a Class) -> Self {
        Self { own: Some(own), ..self }
    }

    /// What an expression is here.
    pub(super) fn value(&self, expression: &Expression) -> Value {
        let deeper = Self {
            depth: self.depth.saturating_add(1),
            ..*self
        };
        let known = if deeper.depth > MAX_DEPTH {
            None
        } else {
            deeper.known(expression)
        };
        known.unwrap_or_else(|| Value::Unknown(written(expression)))
    }

    fn known(&self, expression: &Expression) -> Option<Value> {
        Some(match expression {
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Null => Value::Null,
            Expression::This => Value::Object(self.class?.name.clone()),
            Expression::Class(class) => Value::Text(self.class_name(class)?),
            Expression::New(class) => Value::Object(self.class_name(class)?),
            Expression::Variable(name) => {
                let (body, parameters) = self.method?;
                match body.variables.get(name)?.as_slice() {
                    [once] if !parameters.contains(name) => self.value(once),
                    _ => return None,
                }
            }
            Expression::Constant(class, name) => {
                let class = self.application.class(&self.class_name(class)?)?;
                let (own, value) = self.application.constant(class, name)?;
                self.elsewhere(class, own).value(value)
            }
            Expression::StaticProperty(class, name) => {
                let class = self.application.class(&self.class_name(class)?)?;
                let (own, value) = self.application.property(class, name)?;
                self.elsewhere(class, own).value(value)
            }
            Expression::Property(object, name) => self.property(object, name)?,
            Expression::Call(object, method, _) => {
                let Value::Object(class) = self.value(object) else {
                    return None;
                };
                self.method_of(&class, method)?
            }
            Expression::StaticCall(class, method, arguments) => self.static_call(class, method, arguments)?,
            Expression::FunctionCall(function, arguments) => self.function(function, arguments)?,
            Expression::Joined(parts) => {
                let mut joined = String::new();
                for part in parts {
                    match self.value(part) {
                        Value::Text(text) => joined.push_str(&text),
                        Value::Null => {}
                        _ => return None,
                    }
                }
                Value::Text(joined)
            }
            Expression::List(entries) => self.list(entries)?,
            Expression::Either(first, second) => match self.value(first) {
                Value::Null => self.value(second),
                Value::Unknown(_) => return None,
                value => value,
            },
            Expression::Choice(condition, first, second) => {
                let chosen = if condition.is_met(self)? { first } else { second };
                self.value(chosen)
            }
            Expression::Unknown(_) => return None,
        })
    }

    fn list(&self, entries: &[(Option<Expression>, Expression)]) -> Option<Value> {
        let mut list = Vec::new();
        for (key, value) in entries {
            let key = match key.as_ref().map(|key| self.value(key)) {
                Some(Value::Text(key)) => Some(key),
                // Keys can be numbers.
                Some(Value::Unknown(code)) if code.bytes().all(|byte| byte.is_ascii_digit()) => Some(code),
                Some(_) => return None,
                None => None,
            };
            list.push((key, self.value(value)));
        }
        Some(Value::List(list))
    }

    fn class_name(&self, class: &ClassName) -> Option<String> {
        match class {
            ClassName::Own => Some(self.own?.name.clone()),
            ClassName::Late => Some(self.class?.name.clone()),
            ClassName::Parent => self.own?.parent.clone(),
            ClassName::Named(name) => Some(name.clone()),
        }
    }

    /// A place in another class, whose `self` is one that it extends.
    fn elsewhere(&self, class: &'a Class, own: &'a Class) -> Self {
        Self {
            class: Some(class),
            own: Some(own),
            method: None,
            ..*self
        }
    }

    fn property(&self, object: &Expression, name: &str) -> Option<Value> {
        match self.value(object) {
            Value::Object(class) => {
                let class = self.application.class(&class)?;
                let stated = self.application.property(class, name);
                let stated = stated.map(|(own, value)| self.elsewhere(class, own).value(value));
                match (name, stated) {
                    ("table", None | Some(Value::Null)) | ("primaryKey", None) => {
                        let place = self.elsewhere(class, class);
                        model::built_in(&place, class, if name == "table" { "getTable" } else { "getKeyName" })
                    }
                    (_, stated) => stated,
                }
            }
            // A case of an enum is its value here already.
            value @ Value::Text(_) if name == "value" => Some(value),
            _ => None,
        }
    }

    /// What a method without arguments gives: its only `return`, or what the framework's own does.
    pub(super) fn method_of(&self, class: &str, method: &str) -> Option<Value> {
        let class = self.application.class(class)?;
        let place = self.elsewhere(class, class);
        match self.application.member(class, method) {
            Some(member) => place.result_of(member),
            None => model::built_in(&place, class, method),
        }
    }

    /// What a method of this place's class returns, if it has one `return` only, or chooses between several.
    pub(super) fn result_of(&self, member: Member<'a>) -> Option<Value> {
        match member.method.body.returns.as_slice() {
            [_, ..] => match self.in_member(member).value(member.method.body.result()?) {
                Value::Unknown(_) => None,
                value => Some(value),
            },
            [] => None,
        }
    }

    fn static_call(&self, class: &ClassName, method: &str, arguments: &[Argument]) -> Option<Value> {
        if *class == ClassName::Parent {
            let (own, class) = (self.own?, self.class?);
            let place = self.elsewhere(class, class);
            return match self.application.inherited(own, method) {
                Some(member) => place.result_of(member),
                None => model::built_in(&place, class, method),
            };
        }
        let name = self.class_name(class)?;
        if matches!(name.as_str(), "Illuminate\\Support\\Str" | "Str") {
            let Value::Text(text) = self.value(&arguments.first()?.value) else {
                return None;
            };
            return inflected(method, &text).map(Value::Text);
        }
        if let Some(value) = self.concord(&name, method) {
            return Some(value);
        }
        match self.method_of(&name, method) {
            // `Post::make()`, `Post::query()->getModel()` and the like are objects of it.
            None if matches!(method, "make" | "query" | "newModelInstance") => Some(Value::Object(name)),
            value => value,
        }
    }

    /// The package konekt/concord names models by proxies: `ProductProxy::modelClass()` is `Product` beside it, unless
    /// a module registers another.
    fn concord(&self, proxy: &str, method: &str) -> Option<Value> {
        let parent = self.application.class(proxy)?.parent.as_deref()?;
        let is_proxy = parent.eq_ignore_ascii_case("Konekt\\Concord\\Proxies\\ModelProxy");
        let model = proxy.strip_suffix("Proxy")?;
        (is_proxy && method == "modelClass").then(|| Value::Text(model.to_owned()))
    }

    fn function(&self, function: &str, arguments: &[Argument]) -> Option<Value> {
        let value = |position: usize| arguments.get(position).map(|argument| self.value(&argument.value));
        let text = |position: usize| match value(position) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        };
        Some(match function {
            "get_class" if arguments.is_empty() => Value::Text(self.own?.name.clone()),
            "get_class" => match value(0)? {
                Value::Object(class) => Value::Text(class),
                _ => return None,
            },
            "get_called_class" => Value::Text(self.class?.name.clone()),
            "class_basename" => match value(0)? {
                Value::Text(class) | Value::Object(class) => Value::Text(class_basename(&class).to_owned()),
                _ => return None,
            },
            "app" | "resolve" => Value::Object(text(0)?),
            "strtolower" => Value::Text(text(0)?.to_lowercase()),
            "snake_case" | "str_plural" | "str_singular" => Value::Text(inflected(
                function.trim_start_matches("str_").trim_end_matches("_case"),
                &text(0)?,
            )?),
            // What the environment says is known where the application runs; the code's own word is the best there is.
            "env" => value(1)?,
            "config" => self.configured(&text(0)?).or_else(|| value(1))?,
            _ => match self.application.functions.get(function)?.returns.as_slice() {
                [result] => Place {
                    depth: self.depth,
                    ..Place::of_class(self.application, None)
                }
                .value(result),
                _ => return None,
            },
        })
    }

    /// What files of configuration say: `auth.providers.users.model` is in `auth.php`.
    pub(super) fn configured(&self, path: &str) -> Option<Value> {
        let (file, path) = path.split_once('.')?;
        let mut expression = self.application.configuration.get(file)?;
        for part in path.split('.') {
            let Expression::List(entries) = expression else {
                return None;
            };
            let is_it = |key: &Option<Expression>| matches!(key, Some(Expression::Text(key)) if key == part);
            expression = entries.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value)?;
        }
        let place = Place {
            depth: self.depth,
            ..Place::of_class(self.application, None)
        };
        match place.value(expression) {
            Value::Unknown(_) => None,
            value => Some(value),
        }
    }
}

fn inflected(method: &str, text: &str) -> Option<String> {
    Some(match method {
        "snake" => snake(text),
        "plural" => plural(text),
        "pluralStudly" => plural_studly(text),
        "singular" => singular(text),
        "lower" => text.to_lowercase(),
        _ => return None,
    })
}

/// An expression in words for a message.
pub(super) fn written(expression: &Expression) -> String {
    let class = |class: &ClassName| match class {
        ClassName::Own => "self".to_owned(),
        ClassName::Late => "static".to_owned(),
        ClassName::Parent => "parent".to_owned(),
        ClassName::Named(name) => class_basename(name).to_owned(),
    };
    match expression {
        Expression::Text(text) => format!("'{text}'"),
        Expression::Null => "null".to_owned(),
        Expression::This => "$this".to_owned(),
        Expression::Variable(name) => format!("${name}"),
        Expression::Class(name) => format!("{}::class", class(name)),
        Expression::Constant(name, constant) => format!("{}::{constant}", class(name)),
        Expression::StaticProperty(name, property) => format!("{}::${property}", class(name)),
        Expression::Property(object, name) => format!("{}->{name}", written(object)),
        Expression::Call(object, name, _) => format!("{}->{name}(…)", written(object)),
        Expression::StaticCall(name, method, _) => format!("{}::{method}(…)", class(name)),
        Expression::FunctionCall(name, arguments) => match arguments.first() {
            Some(first) => format!("{name}({})", written(&first.value)),
            None => format!("{name}()"),
        },
        Expression::New(name) => format!("new {}", class(name)),
        Expression::Joined(parts) => parts.iter().map(written).collect::<Vec<_>>().join(" . "),
        Expression::List(_) => "[…]".to_owned(),
        Expression::Either(first, second) => format!("{} ?? {}", written(first), written(second)),
        Expression::Choice(_, first, second) => format!("… ? {} : {}", written(first), written(second)),
        Expression::Unknown(code) => code.clone(),
    }
}
