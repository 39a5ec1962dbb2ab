use std::process::Command;

use crate::support::{Dev, is_here, python, stderr, stdout};

#[test]
fn the_printed_python_line_works_and_without_the_certificate_it_does_not() {
    let python = python();
    let probe = ["-c", "import requests"];
    if !is_here("Python with requests", Command::new(&python).args(probe)) {
        return;
    }
    let dev = Dev::start();
    let line = dev.line("python3").replacen("python3", &python, 1);
    let pasted = dev.paste(&line);
    assert!(pasted.status.success(), "{}", stderr(&pasted));
    assert!(
        stdout(&pasted).starts_with(r#"{"items":["#),
        "{}",
        stdout(&pasted)
    );

    let (before, rest) = line.split_once("cert=(").unwrap();
    let (_, after) = rest.split_once("), ").unwrap();
    let anonymous = dev.paste(&format!("{before}{after}"));
    assert!(!anonymous.status.success());
    let said = stderr(&anonymous).to_ascii_uppercase();
    assert!(
        said.contains("CERTIFICATE_REQUIRED") || said.contains("CERTIFICATE REQUIRED"),
        "{said}"
    );
}
