//! What differs from run to run, and what shall not be committed, told by its kind.

use std::sync::LazyLock;

use regex::Regex;

/// The text without what differs.
pub(super) fn redacted(text: &str) -> String {
    RULES.iter().fold(text.to_owned(), |text, (rule, kind)| {
        rule.replace_all(&text, *kind).into_owned()
    })
}

/// In this order. What a session makes as of 2001, from a seed, is the same in every run.
static RULES: LazyLock<[(Regex, &str); 6]> = LazyLock::new(|| {
    [
        (
            "(?s)-----BEGIN ([A-Z0-9 ]+)-----.*?-----END [A-Z0-9 ]+-----",
            "[$1]",
        ),
        (r"(localhost|127\.0\.0\.1|\[::1\]):\d+", "$1:[PORT]"),
        (r"\b20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
        (r"\b[0-9a-f]{24,}\b", "[HEX]"),
        (r"[A-Za-z0-9+/_-]{43,}={0,2}", "[BASE64]"),
        (r"[+-]\d+ s from ours", "[SECONDS] from ours"),
    ]
    .map(|(rule, kind)| (Regex::new(rule).unwrap(), kind))
});

#[test]
fn nothing_that_differs_is_left_and_nothing_else_is_lost() {
    let check = |text, wanted| assert_eq!(redacted(text), wanted);
    check(
        "at https://localhost:4711/whoami",
        "at https://localhost:[PORT]/whoami",
    );
    check("ends at 2031-02-03T04:05:06Z", "ends at [TIME]");
    check(
        "ends at 2001-01-31T00:00:00Z",
        "ends at 2001-01-31T00:00:00Z",
    );
    check("serial 00112233445566778899aabbccddeeff", "serial [HEX]");
    check(
        "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----",
        "[PRIVATE KEY]",
    );
    check(
        "spiffe://dev.countersign.example/billing",
        "spiffe://dev.countersign.example/billing",
    );
}
