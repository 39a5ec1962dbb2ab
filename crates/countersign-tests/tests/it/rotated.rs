//! A client rotates, and the server revokes what it rotated away from.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use countersign_axum::audit::EventKind;
use countersign_client::{Client, Credential, CredentialSource, Kind, Likely, Reload};
use countersign_identity::Thumbprint;
use countersign_pki::{Issued, RevocationReason};
use countersign_tests::{BILLING, Wire, World, trust};
use countersign_tls::{RevocationList, TrustSnapshot};

#[tokio::test]
async fn once_the_old_certificate_is_revoked_only_who_has_rotated_is_let_in() {
    for wire in Wire::ALL {
        let mut world = World::start().await.unwrap();
        let [old, new] = [issue(&world), issue(&world)];
        let kept = Arc::new(Mutex::new(credential(&old)));
        let builder = world.client(None).unwrap().credential(source(&kept));
        let rotating = wire.only(builder.without_polling()).build().await.unwrap();
        let staying = wire.only(world.client(Some(&old)).unwrap());
        let staying = staying.build().await.unwrap();
        for client in [&rotating, &staying] {
            assert_eq!(seen(&mut world, client).await, thumbprint(&old), "{wire}");
        }

        *kept.lock().unwrap() = credential(&new);
        let rotated = Reload::Rotated { generation: 2 };
        assert_eq!(rotating.reload().await.unwrap(), rotated);
        for _ in 0..5 {
            let seen = seen(&mut world, &rotating).await;
            assert_eq!(seen, thumbprint(&new), "{wire}");
        }

        revoke(&world, &old);
        let error = staying.get(world.url("/whoami")).send().await.unwrap_err();
        let Kind::Refused(refused) = error.kind() else {
            panic!("{wire}: {error:?}");
        };
        assert_eq!(refused.likely, Likely::Revoked, "{wire}");
        assert_eq!(
            seen(&mut world, &rotating).await,
            thumbprint(&new),
            "{wire}"
        );
    }
}

fn issue(world: &World) -> Issued {
    let client = world.issuing.client(world.clock.now()).uri(BILLING);
    client.issue().unwrap()
}

fn credential(issued: &Issued) -> Credential {
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()
}

fn source(kept: &Arc<Mutex<Credential>>) -> CredentialSource {
    let kept = Arc::clone(kept);
    CredentialSource::from_fn(move || {
        let credential = kept.lock().unwrap().clone();
        async { Ok::<_, Infallible>(credential) }
    })
}

fn thumbprint(issued: &Issued) -> Thumbprint {
    Thumbprint::of(issued.certificate_der())
}

/// Calls, and answers which certificate the audit log has for it.
async fn seen(world: &mut World, client: &Client) -> Thumbprint {
    client.get(world.url("/whoami")).send().await.unwrap();
    loop {
        let event = world.event().await.unwrap();
        if event.kind == EventKind::Request && event.code.is_none() {
            return event.certificate().unwrap().thumbprint();
        }
    }
}

fn revoke(world: &World, issued: &Issued) {
    let now = world.clock.now();
    let list = world.issuing.crl(now);
    let list = list.revoke(&issued.serial(), RevocationReason::Superseded, now);
    let lists = [list, world.root.crl(now)];
    let lists = lists.map(|list| RevocationList::from_der(list.issue().unwrap().der()).unwrap());
    let clients = trust("clients", &world.root, "spiffe://world.example/*").unwrap();
    let server = world.issuing.server(now).dns("localhost").issue().unwrap();
    let trusts = vec![clients.with_lists(lists)];
    let trust = TrustSnapshot::new(credential(&server), trusts, world.clock.clone()).unwrap();
    let directory = world.live().load().directory().clone();
    world.live().swap(trust, directory);
}
