//! Writing a plan into the folder of a migration tool.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::cli::PlanArgs;
use crate::report::{Layout, Numbers, PlanFile, PlanReport, layout_files};

/// The folder for the files of a layout; `None` where the user wants no layout.
///
/// # Errors
///
/// A layout without folder, and a number without layout.
pub(super) fn folder(args: &PlanArgs) -> anyhow::Result<Option<(Layout, &Path)>> {
    match (args.layout, &args.out) {
        (Layout::Plain, _) if args.number.is_some() => {
            bail!("--number is for migrations: say with --layout for which tool they are")
        }
        (Layout::Plain, _) => Ok(None),
        (layout, Some(folder)) => Ok(Some((layout, folder))),
        (layout, None) => bail!(
            "a plan for {tool} is files: name the folder of its migrations with --out (in most projects --out {usual})",
            tool = layout.tool(),
            usual = layout.usual_folder()
        ),
    }
}

/// Writes the files. Not one is written where one of them is there already.
///
/// # Errors
///
/// The folder cannot be read or written, the number cannot be, or a file is there already.
pub(super) fn write(
    layout: Layout,
    folder: &Path,
    number: Option<&str>,
    report: &PlanReport<'_>,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot write the plan to {}", folder.display()))?;
    let numbers = Numbers::after(layout, &names(folder)?, number).map_err(anyhow::Error::msg)?;
    let files: Vec<(PathBuf, PlanFile)> = layout_files(report, layout, numbers)
        .into_iter()
        .map(|file| (folder.join(&file.path), file))
        .collect();
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        bail!(
            "{} is there already, and nothing was written: the plan is in {} since before, or give another --number",
            path.display(),
            folder.display()
        );
    }
    for (path, file) in files {
        let failed = || format!("cannot write {}", path.display());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(failed)?;
        }
        std::fs::write(&path, file.text).with_context(failed)?;
    }
    Ok(())
}

/// What is in the folder.
fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let failed = || format!("cannot read {}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(failed)? {
        names.push(entry.with_context(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
