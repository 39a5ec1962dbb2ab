//! A key on a token of SoftHSM calls the server. Where SoftHSM is missing it says so and passes; with
//! `COUNTERSIGN_INTEROP=require`, as in CI, it fails.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use countersign_client::{Credential, Password, Pkcs11Error, Pkcs11Key};
use countersign_pki::{Issued, KeyKind};
use jiff::Timestamp;

use crate::world::{BOTH_HTTP, BOTH_TLS, World};

/// SoftHSM learns where its tokens are from the environment of its process: so in one of its own.
#[test]
fn a_key_that_is_on_a_token_alone_calls_the_server() {
    let Some(module) = module() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("softhsm2.conf");
    let tokens = folder.path().display();
    fs::write(&conf, format!("directories.tokendir = {tokens}\n")).unwrap();
    let mut tests = Command::new(env::current_exe().unwrap());
    let tests = tests.args(["--exact", "--nocapture", "softhsm::within_a_token"]);
    let tests = tests.env("SOFTHSM2_CONF", &conf);
    let output = tests.env("COUNTERSIGN_TOKEN", module).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("1 passed"), "{said}");
}

/// Of the test above; by itself it has no token, and nothing to show.
#[tokio::test]
async fn within_a_token() {
    let Ok(module) = env::var("COUNTERSIGN_TOKEN") else {
        return;
    };
    let init = ["--init-token", "--free", "--label", "partners"];
    softhsm(&[&init[..], &["--so-pin", "5678", "--pin", "1234"]].concat());
    // First: who is logged in is not asked for the PIN again.
    let error = Pkcs11Key::open(&module, "partners", &"4321".into(), "key-0").unwrap_err();
    assert!(matches!(error, Pkcs11Error::Pin { .. }), "{error}");
    let pin = Password::from("1234");
    for (number, kind) in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048]
        .into_iter()
        .enumerate()
    {
        let world = World::new();
        let server = world.serve().await;
        let client = world.client_ca.client(Timestamp::now()).key(kind);
        let issued = client.uri("spiffe://dev.example/a").issue().unwrap();
        let label = format!("key-{number}");
        put(&issued, &label, &format!("0{number}"));
        let key = Pkcs11Key::open(&module, "partners", &pin, &label).unwrap();
        let credential = Credential::from_signer(issued.chain_der(), Arc::new(key)).unwrap();
        for tls in BOTH_TLS {
            for http in BOTH_HTTP {
                let builder = world.client().credential(credential.clone());
                let builder = builder.tls_version(tls).http_version(http);
                let client = builder.build().await.unwrap();
                client.get(server.url("/ok")).send().await.unwrap();
            }
        }
        assert!(server.callers().iter().all(Option::is_some), "{kind:?}");
    }
    each_mistake_is_told(Path::new(&module), &pin);
}

fn each_mistake_is_told(module: &Path, pin: &Password) {
    let open = |module: &Path, token, pin, key| Pkcs11Key::open(module, token, pin, key);
    let error = open(Path::new("/nowhere.so"), "partners", pin, "key-0").unwrap_err();
    assert!(matches!(error, Pkcs11Error::Module { .. }), "{error}");
    let error = open(module, "others", pin, "key-0").unwrap_err();
    assert!(error.to_string().contains("\"partners\""), "{error}");
    let error = open(module, "partners", pin, "key-9").unwrap_err();
    assert!(
        matches!(error, Pkcs11Error::Key { found: 0, .. }),
        "{error}"
    );
}

/// Moves a key to the token, which gives it to nobody again.
fn put(issued: &Issued, label: &str, id: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    fs::write(&file, issued.key_pem()).unwrap();
    let import = ["--import", file.to_str().unwrap(), "--token", "partners"];
    let named = ["--pin", "1234", "--label", label, "--id", id];
    softhsm(&[&import[..], &named].concat());
}

fn softhsm(arguments: &[&str]) {
    let output = Command::new("softhsm2-util").args(arguments).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn module() -> Option<&'static str> {
    let mut known = MODULES.iter().copied();
    let found = known.find(|module| Path::new(module).exists());
    let required = env::var("COUNTERSIGN_INTEROP").is_ok_and(|value| value == "require");
    assert!(
        found.is_some() || !required,
        "SoftHSM is required and is not here"
    );
    found
}

const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];
