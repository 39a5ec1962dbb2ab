use std::process::Command;

use crate::support::{Dev, is_here, stderr, stdout};

#[test]
fn the_printed_curl_line_works_and_without_the_certificate_it_does_not() {
    if !is_here("curl", Command::new("curl").arg("--version")) {
        return;
    }
    let dev = Dev::start();
    let line = dev.line("curl");
    let pasted = dev.paste(line);
    assert!(pasted.status.success(), "{}", stderr(&pasted));
    assert!(
        stdout(&pasted).starts_with(r#"{"items":["#),
        "{}",
        stdout(&pasted)
    );

    let status = dev.paste(&format!(
        "{line} --silent --output /dev/null --write-out '%{{http_code}} %{{http_version}}'"
    ));
    assert_eq!(stdout(&status), "200 2");

    // `curl --cert FILE --key FILE --cacert FILE URL`
    let (_, trust_and_url) = line.split_once("--cacert").unwrap();
    for version in ["--tlsv1.3", "--tls-max 1.2"] {
        for http in ["--http1.1", "--http2"] {
            let anonymous = dev.paste(&format!(
                "curl -sS {version} {http} --cacert{trust_and_url}"
            ));
            assert!(!anonymous.status.success(), "{version} {http}");
            let said = stderr(&anonymous);
            assert!(said.contains("alert"), "{version} {http}: {said}");
        }
    }
}
