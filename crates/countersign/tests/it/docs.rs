//! What the README and the pages of `docs/` show is true: their commands are run, their files are read, their code is compiled.
//!
//! Each page is played from the top in a folder of its own that has `fixtures/`, as a clone has. In a block
//! `console`, a line with `$` is run by bash; the lines below it must be what it says, in which `…` stands for any text, and alone on a line for
//! any lines. It must exit with 0, or as a remark `# exits with N` says. A server goes on in the background until
//! the next one starts. Comments before a block are instructions to this test: `<!-- file: NAME -->` puts the block into
//! the folder, `<!-- not run: REASON -->` leaves it out.

mod block;
mod expected;
mod ports;
mod session;
mod settings;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use self::block::Block;
use self::session::Session;

macro_rules! pages {
    ($($name:ident: $path:literal)*) => {
        const PAGES: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $name() {
                play($path);
            }
        )*
    };
}

pages! {
    readme: "README.md"
    contributing: ".github/CONTRIBUTING.md"
    architecture: "docs/architecture.md"
    guide_aws: "docs/guides/aws.md"
    guide_bound_tokens: "docs/guides/bound-tokens.md"
    guide_call_a_partners_api: "docs/guides/call-a-partners-api.md"
    guide_caddy: "docs/guides/caddy.md"
    guide_ci: "docs/guides/ci-without-checked-in-certificates.md"
    guide_envoy: "docs/guides/envoy.md"
    guide_gateway: "docs/guides/gateway.md"
    guide_haproxy: "docs/guides/haproxy.md"
    guide_nginx: "docs/guides/nginx.md"
    guide_open_banking: "docs/guides/open-banking.md"
    guide_protect_an_axum_service: "docs/guides/protect-an-axum-service.md"
    guide_from_other_languages: "docs/guides/from-other-languages.md"
    guide_my_certificate_is_refused: "docs/guides/my-certificate-is-refused.md"
    guide_revoke: "docs/guides/revoke.md"
    guide_rotate_a_ca: "docs/guides/rotate-a-ca.md"
    guide_rotate_a_client_certificate: "docs/guides/rotate-a-client-certificate.md"
    guide_spiffe_and_cert_manager: "docs/guides/spiffe-and-cert-manager.md"
    guide_your_own_sdk: "docs/guides/your-own-sdk.md"
    forwarded: "docs/reference/forwarded.md"
    fuzzing: "docs/reference/fuzzing.md"
    pki: "docs/reference/pki.md"
    policy: "docs/reference/policy.md"
    problem_codes: "docs/reference/problem-codes.md"
}

/// What is not run, and why.
const NOT_RUN: &[(&str, &str)] = &[
    (".github/CONTRIBUTING.md", "it runs this test"),
    ("README.md", "it runs this test"),
    (
        "docs/guides/spiffe-and-cert-manager.md",
        "it takes a cluster",
    ),
    (
        "docs/reference/fuzzing.md",
        "it takes minutes; the gate runs it",
    ),
];

#[test]
fn every_page_with_blocks_is_played() {
    let with_blocks = all_pages().into_iter().filter(|page| page != GENERATED);
    let with_blocks = with_blocks.filter(|page| !blocks(page).is_empty());
    let played: BTreeSet<_> = PAGES.iter().map(|&page| page.to_owned()).collect();
    assert_eq!(with_blocks.collect::<BTreeSet<_>>(), played);
}

/// The page that `man --markdown` prints; another test compares it.
const GENERATED: &str = "docs/reference/command-line.md";

#[test]
fn what_is_not_run_is_known() {
    let mut found = Vec::new();
    for page in PAGES {
        let left_out = blocks(page).into_iter().filter_map(|block| block.not_run);
        found.extend(left_out.map(|reason| ((*page).to_owned(), reason)));
    }
    found.sort();
    let known = NOT_RUN
        .iter()
        .map(|&(page, why)| (page.to_owned(), why.to_owned()));
    assert_eq!(found, known.collect::<Vec<_>>());
}

#[test]
fn code_in_rust_is_a_documentation_test_of_some_crate() {
    let sources = fs::read_dir(repository().join("crates")).unwrap();
    let sources = sources.map(|entry| entry.unwrap().path().join("src/lib.rs"));
    let sources: String = sources
        .filter_map(|lib| fs::read_to_string(lib).ok())
        .collect();
    for page in PAGES {
        let shows_rust = blocks(page).iter().any(|block| block.language == "rust");
        let included = sources.contains(&format!("include_str!(\"../../../{page}\")"));
        assert_eq!(shows_rust, included, "{page}");
    }
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)#:\s]+)(#[^)]*)?\)").unwrap();
    for page in all_pages() {
        let path = repository().join(&page);
        let text = fs::read_to_string(&path).unwrap();
        for found in link.captures_iter(&text) {
            let target = path.parent().unwrap().join(&found[1]);
            assert!(target.exists(), "{page} links to {}", &found[1]);
        }
    }
}

/// Plays a page from the top.
fn play(page: &str) {
    let mut session = Session::new(page);
    for block in blocks(page) {
        if let Some(file) = &block.file {
            session.put(file, &block.text);
        }
        match block.language.as_str() {
            _ if block.not_run.is_some() => {}
            "console" => session.run(&block),
            "toml" => settings::check(page, &block.text),
            "json" => drop(serde_json::from_str::<serde_json::Value>(&block.text).unwrap()),
            "rust" | "text" => {}
            _ if block.file.is_some() => {}
            other => panic!("{page}: line {}: nobody checks `{other}`", block.line),
        }
    }
}

fn blocks(page: &str) -> Vec<Block> {
    Block::all(&fs::read_to_string(repository().join(page)).unwrap())
}

fn all_pages() -> BTreeSet<String> {
    let mut pages = BTreeSet::from(["README.md".to_owned()]);
    let mut folders = vec![PathBuf::from(".github"), PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(repository().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if repository().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                pages.insert(path.to_str().unwrap().to_owned());
            }
        }
    }
    pages
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
