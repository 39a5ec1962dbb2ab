//! Is that what the page says?

/// `…` stands for any text, and alone on a line for any lines.
pub(super) fn agrees(expected: &[&str], said: &[&str]) -> bool {
    match expected.split_first() {
        None => said.is_empty(),
        Some((&("…" | "..."), rest)) => {
            (0..=said.len()).any(|skipped| agrees(rest, &said[skipped..]))
        }
        Some((line, rest)) => {
            let first = said.split_first();
            first.is_some_and(|(first, others)| line_agrees(line, first) && agrees(rest, others))
        }
    }
}

fn line_agrees(expected: &str, said: &str) -> bool {
    let parts = expected.trim_end().split('…').map(regex::escape);
    let pattern = parts.collect::<Vec<_>>().join(".*");
    let pattern = regex::Regex::new(&format!("^{pattern}$")).unwrap();
    pattern.is_match(said.trim_end())
}

#[test]
fn dots_stand_for_what_differs() {
    let rows: [(&[&str], &[&str], bool); 8] = [
        (&["a", "b"], &["a", "b"], true),
        (&["a", "b"], &["a", "c"], false),
        (&["a"], &["a", "b"], false),
        (&["a", "…"], &["a", "b", "c"], true),
        (&["…", "c"], &["a", "b", "c"], true),
        (&["…", "c"], &["a", "b"], false),
        (&["until … UTC"], &["until noon UTC"], true),
        (&["until … UTC"], &["until noon"], false),
    ];
    for (expected, said, agreed) in rows {
        assert_eq!(agrees(expected, said), agreed, "{expected:?} {said:?}");
    }
}
