//! The files that hold an application's models: found, read, and given to the frameworks' readers.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use rayon::prelude::*;

use crate::dialect::Error;
use crate::orm::{self, Models, OrmReader, SourceFile};
use crate::schema::{Location, Note};

/// Folders of other people's code and of what tests wrote down. A folder that the user names is read all the same.
const SKIPPED_FOLDERS: [&str; 4] = ["node_modules", "bower_components", "vendor", "__snapshots__"];

/// Folders of tests, as the frameworks have them.
const TEST_FOLDERS: [&str; 5] = ["test", "tests", "spec", "features", "Tests"];

/// How files end that can hold models.
const EXTENSIONS: [&str; 10] = ["js", "cjs", "mjs", "jsx", "ts", "cts", "mts", "tsx", "php", "rb"];

/// Files that tell which version of a framework is used, and how it is set up.
const MANIFESTS: [&str; 3] = ["package.json", "composer.json", "config.json"];

/// In bytes. Nobody writes models of this size by hand: what is larger was generated, and is no model.
const LARGEST: u64 = 4 << 20;

/// Reads the models below each of these paths. A path is a folder or a file.
///
/// # Errors
///
/// A path that is not there, a file that cannot be read, and paths without any model.
pub fn read_models(paths: &[PathBuf]) -> Result<Vec<Models>, Error> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for path in paths {
        find(path, &mut found)?;
        find_settings(path, &mut found);
    }
    found.sort();
    found.dedup();
    // In the order of the paths, whoever reads first.
    let read: Vec<Result<FileText, Error>> = found.par_iter().map(|path| text(path)).collect();
    let mut files = Vec::new();
    let mut notes = Vec::new();
    for file in read {
        match file? {
            FileText::Text(file) => files.push(file),
            FileText::TooLarge(note) => notes.push(note),
        }
    }
    let mut models: Vec<Models> = orm::ALL.par_iter().map(|reader| read_by(*reader, &files)).collect();
    if models.iter().all(|models| models.models.is_empty()) {
        return Err(none_found(paths, files.len()));
    }
    models.retain(|models| !models.models.is_empty() || !models.notes.is_empty());
    if let Some(first) = models.first_mut() {
        first.notes.splice(0..0, notes);
    }
    Ok(models)
}

fn read_by(reader: &dyn OrmReader, files: &[SourceFile]) -> Models {
    let claimed: Vec<SourceFile> = files.par_iter().filter(|file| reader.claims(file)).cloned().collect();
    reader.read(&claimed)
}

fn none_found(paths: &[PathBuf], files: usize) -> Error {
    let names: Vec<&str> = orm::ALL.iter().map(|reader| reader.name()).collect();
    let paths: Vec<String> = paths.iter().map(|path| shown(path)).collect();
    let files = match files {
        1 => "1 file".to_owned(),
        files => format!("{files} files"),
    };
    failed(
        &paths.join(", "),
        format!(
            "there is no model in it: looked in {files} ({}) for models of {}; name the folder that holds them",
            EXTENSIONS.map(|extension| format!(".{extension}")).join(" "),
            names.join(", ")
        ),
    )
}

/// Adds the files below a path, or the path itself where it is a file.
fn find(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let metadata = std::fs::metadata(path).map_err(|error| {
        failed(
            &shown(path),
            match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file or folder; check --models".to_owned(),
                _ => error.to_string(),
            },
        )
    })?;
    if !metadata.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let walk = WalkBuilder::new(path)
        // A copy without its repository is the same application.
        .require_git(false)
        .filter_entry(|entry| !is_skipped(entry))
        .build();
    for entry in walk {
        let entry = entry.map_err(|error| failed(&shown(path), error.to_string()))?;
        // A link counts as what it leads to, where that is a file; links to folders can go round in circles.
        let is_file = match entry.file_type() {
            Some(kind) if kind.is_symlink() => entry.path().is_file(),
            Some(kind) => kind.is_file(),
            None => false,
        };
        let within = entry.path().strip_prefix(path).unwrap_or(entry.path());
        if is_file && can_hold_models(entry.path()) && !is_test(within) {
            found.push(entry.into_path());
        }
    }
    Ok(())
}

/// Adds the settings of a Rails application of which only `app` or `app/models` is named: they decide whether a parent is
/// required, and how words are inflected.
fn find_settings(path: &Path, found: &mut Vec<PathBuf>) {
    let Some(root) = ["app/models", "app"]
        .into_iter()
        .filter(|part| path.ends_with(part))
        .find_map(|part| path.ancestors().nth(Path::new(part).components().count()))
    else {
        return;
    };
    let config = root.join("config");
    let initializers = std::fs::read_dir(config.join("initializers")).into_iter().flatten();
    let settings = initializers.filter_map(Result::ok).map(|entry| entry.path());
    let settings = settings.chain([config.join("application.rb")]);
    found.extend(settings.filter(|path| path.is_file() && path.extension().is_some_and(|end| end == "rb")));
}

fn is_skipped(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    let name = entry.file_name().to_str();
    entry.depth() > 0 && is_folder && name.is_some_and(|name| SKIPPED_FOLDERS.contains(&name))
}

/// Whether a file holds tests, whose classes are no models of the application: `user.test.ts`, and within a folder of tests
/// `user_test.rb` and `UserTest.php`, which elsewhere are the models `UserTest`.
fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let among_tests = || {
        let mut folders = path.parent().into_iter().flat_map(Path::components);
        folders.any(|folder| {
            folder
                .as_os_str()
                .to_str()
                .is_some_and(|name| TEST_FOLDERS.contains(&name))
        })
    };
    let ends = |ends: &[&str]| ends.iter().any(|end| stem.ends_with(end));
    ends(&[".test", ".spec"]) || (ends(&["_test", "_spec", "Test", "_feature"]) && among_tests())
}

fn can_hold_models(path: &Path) -> bool {
    let is_manifest = path
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| MANIFESTS.contains(&name));
    let extension = path.extension().and_then(|extension| extension.to_str());
    is_manifest || extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

enum FileText {
    Text(SourceFile),
    TooLarge(Note),
}

/// A file's text. Bytes that are no UTF-8 are replaced: names in code are ASCII, and what is around them is no matter.
fn text(path: &Path) -> Result<FileText, Error> {
    let name = shown(path);
    let unreadable = |error: std::io::Error| failed(&name, error.to_string());
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
        return Ok(FileText::TooLarge(Note {
            message: format!(
                "the file is larger than {} MiB and was not looked at for models",
                LARGEST >> 20
            ),
            location: Some(Location {
                file: name,
                line: 1,
                column: 1,
            }),
        }));
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(FileText::Text(SourceFile {
        path: name,
        text: text.to_owned(),
    }))
}

/// A path as the user would write it, with `/` between folders.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let text = if std::path::MAIN_SEPARATOR == '\\' {
        text.replace('\\', "/")
    } else {
        text
    };
    match text.strip_prefix("./") {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => text,
    }
}

fn failed(source_name: &str, reason: String) -> Error {
    Error::File {
        source_name: source_name.to_owned(),
        reason,
    }
}
