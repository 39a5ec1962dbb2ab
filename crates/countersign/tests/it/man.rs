//! Claims about what the command line says of itself.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::tempdir;

use crate::support::{countersign, run, stdout};

#[test]
fn the_page_of_the_reference_is_what_the_command_line_takes() {
    let page = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/command-line.md"
    ));
    let printed = run(Path::new("."), &["man", "--markdown"]);
    assert_eq!(
        fs::read_to_string(page).unwrap(),
        stdout(&printed),
        "countersign man --markdown > docs/reference/command-line.md"
    );
}

#[test]
fn there_is_a_page_for_man_of_each_command() {
    let folder = tempdir().unwrap();
    let written = run(folder.path(), &["man", "--out", "man1"]);
    let written: Vec<_> = stdout(&written).lines().collect();
    for name in [
        "countersign",
        "countersign-pki-ca-rotate",
        "countersign-trust-check",
    ] {
        let path = format!("man1/{name}.1");
        assert!(written.contains(&path.as_str()), "{written:?}");
        let page = fs::read_to_string(folder.path().join(path)).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
        assert!(page.contains("EXIT STATUS"), "{page}");
        assert!(!page.contains('\u{1b}'), "{page}");
    }
    let first = run(folder.path(), &["man"]);
    let written = fs::read_to_string(folder.path().join("man1/countersign.1")).unwrap();
    assert_eq!(stdout(&first), written);
}

#[test]
fn each_shell_gets_completions_and_bash_understands_its_own() {
    let folder = tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(folder.path(), &["completions", shell]);
        for word in ["doctor", "rotate", "data-json"] {
            assert!(stdout(&script).contains(word), "{shell}: {word}");
        }
    }
    let script = run(folder.path(), &["completions", "bash"]).stdout;
    fs::write(folder.path().join("script"), script).unwrap();
    let bash = Command::new("bash")
        .args(["-n", "script"])
        .current_dir(folder.path())
        .status();
    assert!(bash.is_err() || bash.unwrap().success());
}

#[test]
fn colours_are_for_terminals_unless_somebody_says_otherwise() {
    let coloured = |name: &str, value: &str| {
        let mut command = countersign(Path::new("."), &["inspect", "none.pem"]);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        let output = command
            .env(name, value)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(coloured("NO_COLOR", "1").starts_with("error: "));
    assert!(coloured("TERM", "xterm").starts_with("error: "));
    let forced = coloured("CLICOLOR_FORCE", "1");
    assert!(
        forced.starts_with("\u{1b}[1m\u{1b}[31merror\u{1b}[0m: "),
        "{forced:?}"
    );
    assert!(forced.contains("hint\u{1b}[0m: "), "{forced:?}");
}
