//! Claims about other programs: what `countersign dev` prints works as pasted, and without the
//! certificate it does not; what `countersign pki export` makes is read.
//!
//! A test whose tool is missing says so and passes; with `COUNTERSIGN_INTEROP=require`, as in CI, it
//! fails. `COUNTERSIGN_PYTHON` names an interpreter that has `requests`,
//! `cryptography`, `schemathesis`, `authlib` and `requests_oauthlib`; `COUNTERSIGN_NODE_MODULES` a folder with
//! `openid-client`, `undici`, `puppeteer-core` and `axe-core`; `COUNTERSIGN_CHROMIUM` a Chromium that is not on the path. Java and Go alone may be missing everywhere: they are larger than all the rest.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod catalogue;
mod credentials;
mod curl;
#[path = "../../../countersign-oauth/tests/it/database.rs"]
mod database;
mod doctor;
mod fronts;
mod openapi;
mod openssl;
mod page;
mod python;
mod refusals;
mod refused;
#[path = "../../../countersign-tests/tests/it/running.rs"]
mod running;
#[path = "../../../countersign-server/tests/it/scene.rs"]
mod scene;
mod stores;
mod support;
mod tokens;

use support::{Dev, stderr, stdout};

#[test]
fn the_printed_line_of_our_own_works() {
    let dev = Dev::start();
    let pasted = dev.paste(dev.own_line());
    assert!(pasted.status.success(), "{}", stderr(&pasted));
    assert!(
        stdout(&pasted).starts_with(r#"{"items":["#),
        "{}",
        stdout(&pasted)
    );
}
