//! The files of an application: parsed, found by the names that modules give each other, and with what holds for all
//! of its models.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::Value as Json;

use super::Version;
use crate::orm::SourceFile;
use crate::orm::tree::Parsed;

/// The endings of files that can hold models.
pub(super) const ENDINGS: &[&str] = &["js", "ts", "mjs", "cjs", "jsx", "tsx", "mts", "cts"];

/// All files of an application.
pub(super) struct Project<'a> {
    /// Those of code.
    pub(super) files: Vec<File<'a>>,
    /// The code files by their path without ending, and by their folder where they are its index.
    stems: BTreeMap<String, Vec<usize>>,
    /// What `package.json` of a folder asks for.
    versions: Vec<(&'a str, Version)>,
    /// The version that files import, where it is one only.
    imported: Version,
    /// What configuration files in JSON state for all models under `define`.
    pub(super) configured: Vec<(&'a str, Json)>,
}

/// A file of code.
pub(super) struct File<'a> {
    pub(super) source: &'a SourceFile,
    pub(super) parsed: Parsed<'a>,
    /// Whether its classes are declared with the decorators of `sequelize-typescript`.
    pub(super) typescript: bool,
    /// The version that it imports.
    version: Option<Version>,
}

impl<'a> Project<'a> {
    /// Parses the files.
    pub(super) fn new(sources: &'a [SourceFile]) -> Self {
        let files: Vec<File<'a>> = sources.par_iter().filter_map(File::new).collect();
        let mut stems: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, file) in files.iter().enumerate() {
            let stem = without_ending(&file.source.path);
            stems.entry(stem.to_owned()).or_default().push(index);
            if let Some(folder) = stem.strip_suffix("index") {
                let folder = folder.trim_end_matches('/');
                stems.entry(folder.to_owned()).or_default().push(index);
            }
        }
        let mut versions = Vec::new();
        let mut configured = Vec::new();
        for source in sources.iter().filter(|source| has_ending(&source.path, "json")) {
            let Ok(json) = serde_json::from_str::<Json>(&source.text) else {
                continue;
            };
            match source.path.strip_suffix("package.json") {
                Some(folder) => versions.extend(package_version(&json).map(|version| (folder, version))),
                None => defines(&source.path, &json, &mut configured),
            }
        }
        let imported: BTreeSet<Version> = files.iter().filter_map(|file| file.version).collect();
        let only_seven = imported.into_iter().eq([Version::Seven]);
        Self {
            files,
            stems,
            versions,
            imported: if only_seven { Version::Seven } else { Version::Six },
            configured,
        }
    }

    /// Whether anything says that it is used at all.
    pub(super) fn uses_sequelize(&self) -> bool {
        !self.versions.is_empty() || self.files.iter().any(|file| file.version.is_some())
    }

    /// The version of Sequelize that a file's models are written for: what it imports, else what its package asks for,
    /// else what all other files import.
    pub(super) fn version(&self, file: usize) -> Version {
        let Some(file) = self.files.get(file) else {
            return Version::Six;
        };
        let packages = self.versions.iter();
        let nearest = packages
            .filter(|(folder, _)| file.source.path.starts_with(folder))
            .max_by_key(|(folder, _)| folder.len());
        let stated = file.version.or(nearest.map(|(_, version)| *version));
        stated.unwrap_or(self.imported)
    }

    /// The file that a module's name in another file stands for. `None` for packages and for files that were not read.
    pub(super) fn module(&self, from: usize, name: &str) -> Option<usize> {
        let importer = &self.files.get(from)?.source.path;
        if name.starts_with('.') {
            let folder = importer.rsplit_once('/').map_or("", |(folder, _)| folder);
            return self.at(&joined(folder, name)?);
        }
        // An alias of the project's configuration (`@/models/user`, `~/models/user`, `src/models/user`): the file whose
        // path ends so, if there is one only.
        let (alias, rest) = name.split_once('/')?;
        let rest = if alias.starts_with(['@', '~', '#', '$']) || alias.is_empty() {
            rest
        } else {
            name
        };
        let stem = without_ending(rest);
        let tail = format!("/{stem}");
        let found: BTreeSet<usize> = self
            .stems
            .iter()
            .filter(|(path, _)| path.as_str() == stem || path.ends_with(&tail))
            .flat_map(|(_, files)| files.iter().copied())
            .collect();
        let paths = found.into_iter().collect::<Vec<_>>();
        nearest(importer, &paths, |file| self.path(file))
    }

    /// A file's path.
    pub(super) fn path(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |file| &file.source.path)
    }

    fn at(&self, path: &str) -> Option<usize> {
        let exact = self.stems.get(path);
        let files = exact.or_else(|| self.stems.get(without_ending(path)))?;
        files.first().copied()
    }
}

impl<'a> File<'a> {
    fn new(source: &'a SourceFile) -> Option<Self> {
        let ending = source.path.rsplit_once('.').map(|(_, ending)| ending)?;
        if !ENDINGS.contains(&ending) {
            return None;
        }
        // TypeScript's own grammar takes `<T>x` for a cast, that of TSX for an element; JavaScript can hold elements.
        let language = match ending {
            "ts" | "mts" | "cts" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            _ => tree_sitter_typescript::LANGUAGE_TSX,
        };
        Some(Self {
            source,
            parsed: Parsed::new(source, &language.into())?,
            typescript: source.text.contains("sequelize-typescript"),
            version: imported_version(&source.text),
        })
    }
}

/// Of several, the one whose path has most folders in common with `importer`; `None` where that does not decide.
pub(super) fn nearest<'p>(importer: &str, of: &[usize], path: impl Fn(usize) -> &'p str) -> Option<usize> {
    let shared = |item: usize| {
        let folders = importer.split('/').zip(path(item).split('/'));
        folders.take_while(|(one, other)| one == other).count()
    };
    let most = of.iter().map(|item| shared(*item)).max()?;
    let mut candidates = of.iter().filter(|item| shared(**item) == most);
    let first = candidates.next()?;
    candidates.next().is_none().then_some(*first)
}

/// Whether a path ends in `.` and this.
pub(super) fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == ending)
}

fn without_ending(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, ending)) if ENDINGS.contains(&ending) => stem,
        _ => path,
    }
}

fn joined(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let root = if folder.starts_with('/') { "/" } else { "" };
    Some(format!("{root}{}", parts.join("/")))
}

fn imported_version(text: &str) -> Option<Version> {
    if text.contains("@sequelize/core") {
        return Some(Version::Seven);
    }
    let six = ["'sequelize'", "\"sequelize\"", "sequelize-typescript"];
    six.iter().any(|module| text.contains(module)).then_some(Version::Six)
}

fn package_version(json: &Json) -> Option<Version> {
    let asks_for = |package: &str| {
        let lists = ["dependencies", "devDependencies", "peerDependencies"];
        lists.iter().any(|list| json[*list][package].is_string())
    };
    if asks_for("@sequelize/core") {
        return Some(Version::Seven);
    }
    asks_for("sequelize").then_some(Version::Six)
}

/// The `define` of each environment of a configuration file of `sequelize-cli`.
fn defines<'a>(path: &'a str, json: &Json, found: &mut Vec<(&'a str, Json)>) {
    let Json::Object(entries) = json else {
        return;
    };
    for (key, value) in entries {
        match value {
            Json::Object(_) if key == "define" => found.push((path, value.clone())),
            _ => defines(path, value, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_by_relative_paths_and_by_aliases() {
        let paths = [
            "app/models/index.js",
            "app/models/user.ts",
            "app/routes/user.js",
            "lib/a.js",
        ];
        let sources: Vec<SourceFile> = paths
            .iter()
            .map(|path| SourceFile {
                path: (*path).to_owned(),
                text: String::new(),
            })
            .collect();
        let project = Project::new(&sources);
        let find = |name: &str| project.module(2, name).map(|file| project.path(file));
        assert_eq!(find("../models"), Some("app/models/index.js"));
        assert_eq!(find("../models/user.js"), Some("app/models/user.ts"));
        assert_eq!(find("@/models/user"), Some("app/models/user.ts"));
        assert_eq!(find("~/models"), Some("app/models/index.js"));
        assert_eq!(find("express"), None);
        assert_eq!(find("../../../x"), None);
    }

    #[test]
    fn relative_paths_are_followed_below_an_absolute_one_too() {
        let sources = ["/srv/app/models/index.js", "/srv/app/routes/user.js"].map(|path| SourceFile {
            path: path.to_owned(),
            text: String::new(),
        });
        let project = Project::new(&sources);
        assert_eq!(project.module(1, "../models"), Some(0));
        assert_eq!(project.module(0, "../routes/user"), Some(1));
    }
}
