//! What was meant? The name that differs least from what was written.

use std::fs;
use std::path::{Path, PathBuf};

/// The one of `known` from which `written` differs by a slip or two; none where every one is another word.
pub(crate) fn name(written: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    let slips = |name: &str| strsim::damerau_levenshtein(written, name);
    let known = known.into_iter().map(|name| (slips(&name), name));
    let alike = known.filter(|(slips, _)| (1..=1 + written.len() / 8).contains(slips));
    let nearest = alike.min_by_key(|(slips, _)| *slips);
    nearest.map(|(_, name)| name)
}

/// The file in the same folder, where `path` is none.
pub(crate) fn file(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let read = match folder == Path::new("") {
        true => fs::read_dir("."),
        false => fs::read_dir(folder),
    };
    let names = read.ok()?.flatten().map(|entry| entry.file_name());
    let names = names.filter_map(|name| name.into_string().ok());
    let nearest = name(path.file_name()?.to_str()?, names)?;
    Some(folder.join(nearest))
}

/// The word that could have stood where an error names one that is unknown, and lists those that are known.
pub(crate) fn word(error: &str) -> Option<String> {
    let found = LISTS.iter().find_map(|(before, list)| {
        let (rest, known) = error.split_once(list)?;
        let (_, written) = rest.rsplit_once(before)?;
        Some((written.split('`').next()?, known))
    });
    let (written, known) = found?;
    let known = known.split(['`', ',', ' ']).map(str::to_owned);
    name(written, known)
}

/// What stands before the unknown word, and before the known ones: as serde says it, and as we do.
const LISTS: [(&str, &str); 5] = [
    ("unknown field `", "`, expected "),
    ("unknown variant `", "`, expected "),
    ("is called `", "`; there is "),
    ("to be issued by `", "which is no authority here; there is "),
    ("`", "` is none of "),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_what_differs_least() {
        let known = || ["billing.pem", "reports.pem", "root.pem"].map(str::to_owned);
        let check = |written, meant| assert_eq!(name(written, known()).as_deref(), meant);
        check("biling.pem", Some("billing.pem"));
        check("billing.pme", Some("billing.pem"));
        check("root-key.pem", None);
        check("zebra", None);
        check("", None);
    }

    #[test]
    fn an_unknown_key_is_compared_with_those_that_are_expected() {
        let check = |error, meant| assert_eq!(word(error).as_deref(), meant);
        check(
            "unknown field `credentials`, expected one of `credential`, `listen`",
            Some("credential"),
        );
        check(
            "unknown variant `requird`, expected `required` or `requested`",
            Some("required"),
        );
        check(
            "no item is called `biling`; there is root, billing",
            Some("billing"),
        );
        check(
            "line 2: `requird` is none of `required`, `requested`",
            Some("required"),
        );
        check(
            "`x` is to be issued by `isuing`, which is no authority here; there is root, issuing",
            Some("issuing"),
        );
        check("unknown field `zebra`, expected `listen`", None);
        check("missing field `listen`", None);
    }

    #[test]
    fn a_file_that_is_not_there_is_compared_with_its_neighbours() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("server.toml"), "").unwrap();
        let meant = folder.path().join("server.toml");
        assert_eq!(file(&folder.path().join("sever.toml")), Some(meant));
        assert_eq!(file(&folder.path().join("none/sever.toml")), None);
    }
}
