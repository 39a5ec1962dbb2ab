//! Wherever a key is kept, its holder is let in.

use std::fs;

use countersign_client::{CredentialSource, Kind, Reload};
use countersign_pki::{Issued, Pkcs12, Pkcs12Kind};
use jiff::Timestamp;

use crate::world::{BOTH_TLS, World};

fn issue(world: &World) -> Issued {
    let client = world.client_ca.client(Timestamp::now());
    client.uri("spiffe://dev.example/a").issue().unwrap()
}

fn store(issued: &Issued, kind: Pkcs12Kind) -> Vec<u8> {
    let store = Pkcs12::of("a", issued).unwrap().kind(kind);
    store.encrypt("changeit").unwrap()
}

/// What `write` puts into a folder is a source that calls the server over both versions of TLS, and
/// is reloaded.
async fn check(write: impl Fn(&std::path::Path, &Issued) -> CredentialSource) {
    let world = World::new();
    let server = world.serve().await;
    let folder = tempfile::tempdir().unwrap();
    for tls in BOTH_TLS {
        let source = write(folder.path(), &issue(&world));
        let builder = world.client().tls_version(tls).credential(source);
        let client = builder.without_polling().build().await.unwrap();
        client.get(server.url("/ok")).send().await.unwrap();

        let renewed = issue(&world);
        write(folder.path(), &renewed);
        let rotated = Reload::Rotated { generation: 2 };
        assert_eq!(client.reload().await.unwrap(), rotated, "TLS {tls}");
        client.get(server.url("/ok")).send().await.unwrap();
        assert_eq!(client.not_after(), Some(renewed.not_after()));
        assert_eq!(client.reload().await.unwrap(), Reload::Unchanged);
    }
}

#[tokio::test]
async fn in_a_store_of_pkcs12_of_either_dialect() {
    for kind in [Pkcs12Kind::Modern, Pkcs12Kind::Legacy] {
        check(|folder, issued| {
            let path = folder.join("client.p12");
            fs::write(&path, store(issued, kind)).unwrap();
            CredentialSource::pkcs12_file(path, "changeit".into())
        })
        .await;
    }
}

#[tokio::test]
async fn encrypted_in_a_file_of_its_own() {
    check(|folder, issued| {
        let (chain, key) = (folder.join("tls.crt"), folder.join("tls.key"));
        fs::write(&chain, issued.chain_pem()).unwrap();
        fs::write(&key, issued.key().encrypted_pem("changeit").unwrap()).unwrap();
        CredentialSource::encrypted_pem_files(chain, key, "changeit".into())
    })
    .await;
}

#[tokio::test]
async fn in_one_file_with_its_chain() {
    check(|folder, issued| {
        let path = folder.join("both.pem");
        fs::write(&path, issued.key_pem() + &issued.chain_pem()).unwrap();
        CredentialSource::pem_file(path)
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_is_told_with_the_file() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.p12");
    fs::write(&path, store(&issue(&world), Pkcs12Kind::Modern)).unwrap();
    let source = CredentialSource::pkcs12_file(&path, "changed".into());
    let error = world.client().credential(source).build().await.unwrap_err();
    let wanted = format!(
        "`{}`: the password does not open the PKCS#12 store",
        path.display()
    );
    assert_eq!(error.to_string(), wanted);
}

/// A signer that stops signing is an error of this side, and no refusal.
#[tokio::test]
async fn a_token_signs_and_the_key_stays_there() {
    use crate::token::Token;

    let world = World::new();
    let server = world.serve().await;
    let issued = issue(&world);
    let token = Token::of(issued.key().clone());
    let credential =
        countersign_client::Credential::from_signer(issued.chain_der(), token.clone()).unwrap();
    for tls in BOTH_TLS {
        let builder = world.client().tls_version(tls);
        let client = builder.credential(credential.clone()).build().await;
        let client = client.unwrap();
        token.lock(false);
        client.get(server.url("/ok")).send().await.unwrap();
        token.lock(true);
        let builder = world.client().tls_version(tls);
        let fresh = builder
            .credential(credential.clone())
            .build()
            .await
            .unwrap();
        let error = fresh.get(server.url("/ok")).send().await.unwrap_err();
        assert!(matches!(error.kind(), Kind::Transport(_)), "{error:?}");
        let causes =
            std::iter::successors(std::error::Error::source(&error), |error| error.source());
        let said: Vec<_> = causes.map(ToString::to_string).collect();
        assert!(
            said.iter().any(|said| said.contains("the token is locked")),
            "{said:?}"
        );
    }
}
