//! What is counted.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../../docs/reference/metrics.md");
const SOURCES: [&str; 2] = [
    include_str!("../../src/metrics.rs"),
    include_str!("../../src/metrics/snapshot.rs"),
];

/// By the source: what has not happened yet is not told.
#[test]
fn the_page_of_the_reference_has_every_metric_and_no_other() {
    let calls = SOURCES
        .iter()
        .flat_map(|source| source.split(".register(\"").skip(1));
    let registered: BTreeSet<_> = calls.map(|call| call.split_once('"').unwrap().0).collect();
    let rows = PAGE
        .lines()
        .filter(|line| line.starts_with("| `countersign_"));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split(','));
    let listed: BTreeSet<_> = names
        .map(|name| name.trim().trim_matches('`'))
        .map(|name| name.strip_prefix("countersign_").unwrap())
        .map(|name| name.strip_suffix("_total").unwrap_or(name))
        .collect();
    assert_eq!(registered, listed);
}
