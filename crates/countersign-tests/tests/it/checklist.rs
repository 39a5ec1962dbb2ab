//! Each line of the checklist in docs/reference/oauth.md has a test that is there, or is turned down.

use std::fs;
use std::path::{Path, PathBuf};

/// The lines of the list: how many there are of each letter.
const LINES: [(char, u32); 8] = [
    ('T', 9),
    ('A', 17),
    ('J', 4),
    ('R', 11),
    ('I', 4),
    ('V', 2),
    ('M', 4),
    ('P', 4),
];

/// One row: its ids, and what it names.
struct Row {
    ids: Vec<String>,
    tests: Vec<Named>,
    is_turned_down: bool,
}

/// A module of tests of a crate and, unless all of it is meant, what the names of the tests begin with.
#[derive(Debug)]
struct Named {
    crate_name: String,
    module: String,
    test: Option<String>,
}

#[test]
fn each_line_stands_there_once() {
    let mut told: Vec<_> = rows().into_iter().flat_map(|row| row.ids).collect();
    let each = |(letter, last)| (1..=last).map(move |number| format!("{letter}{number}"));
    let mut wanted: Vec<_> = LINES.into_iter().flat_map(each).collect();
    told.sort();
    wanted.sort();
    assert_eq!(told, wanted);
}

#[test]
fn each_line_has_a_test_that_is_there_or_is_turned_down() {
    let mut missing = Vec::new();
    for row in rows() {
        assert!(
            row.is_turned_down || !row.tests.is_empty(),
            "{:?} has no test",
            row.ids
        );
        missing.extend(row.tests.into_iter().filter(|named| !is_there(named)));
    }
    assert!(missing.is_empty(), "there is no {missing:#?}");
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(root().join("docs/reference/oauth.md")).unwrap();
    let (_, list) = page.split_once("## The checklist").unwrap();
    let rows: Vec<_> = list.lines().filter_map(row).collect();
    assert!(!rows.is_empty());
    rows
}

fn row(line: &str) -> Option<Row> {
    let mut cells = line.strip_prefix("| ")?.split(" | ");
    let (ids, _, tests) = (cells.next()?, cells.next()?, cells.next()?);
    let ids = ids_of(ids);
    let is_turned_down = tests.contains("turned down");
    (!ids.is_empty()).then(|| Row {
        ids,
        tests: named(tests),
        is_turned_down,
    })
}

/// `M2, M3`, `P1 to P4`.
fn ids_of(cell: &str) -> Vec<String> {
    if let Some((first, last)) = cell.split_once(" to ") {
        let (letter, first) = first.split_at(1);
        let (first, last): (u32, u32) = (first.parse().unwrap(), last[1..].parse().unwrap());
        return (first..=last)
            .map(|number| format!("{letter}{number}"))
            .collect();
    }
    let is_id = |id: &&str| id.len() > 1 && id[1..].bytes().all(|byte| byte.is_ascii_digit());
    let ids = cell.split(", ").filter(is_id);
    ids.map(str::to_owned).collect()
}

/// What stands between backticks: a crate and a colon, then modules and tests of it.
fn named(cell: &str) -> Vec<Named> {
    let mut crate_name = "countersign-oauth".to_owned();
    let mut names = Vec::new();
    let mut parts = cell.split('`').skip(1);
    while let (Some(word), after) = (parts.next(), parts.next().unwrap_or_default()) {
        if after.starts_with(':') {
            crate_name = word.to_owned();
            continue;
        }
        let (module, test) = match word.rsplit_once("::") {
            Some((module, test)) => (module, Some(test.trim_end_matches('…'))),
            None => (word, None),
        };
        // A header or a fixture, and no module.
        if test.is_none() && module.contains('-') || module == "Vary" {
            continue;
        }
        names.push(Named {
            crate_name: crate_name.clone(),
            module: module.rsplit("::").next().unwrap().to_owned(),
            test: test.filter(|test| !test.is_empty()).map(str::to_owned),
        });
    }
    names
}

fn is_there(named: &Named) -> bool {
    let folder = root().join("crates").join(&named.crate_name);
    let files = ["src", "tests"].map(|part| sources(&folder.join(part)));
    let is_of_module = |path: &&PathBuf| {
        let names = path.with_extension("");
        names.iter().any(|part| part == named.module.as_str())
    };
    let has_test = |path: &PathBuf| match &named.test {
        Some(test) => fs::read_to_string(path)
            .unwrap()
            .contains(&format!("fn {test}")),
        None => true,
    };
    let files: Vec<_> = files.into_iter().flatten().collect();
    files.iter().filter(is_of_module).any(has_test)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let below = paths.flat_map(|path| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    });
    below
        .filter(|path| path.extension().is_some_and(|it| it == "rs"))
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
